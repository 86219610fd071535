/** What the numbers of a model are called, and what they mean. */
import { n, type Page } from "./page";
import type { About, Example, Model } from "./types";

export const errorName = (model: Model): string => (model.nats ? "−log p" : "error");

export const errorMeaning = (model: Model): string =>
  model.nats
    ? "Minus the log of the probability or density that the model gives an example, in nats, mean over its numbers: lower is better, and a density above 1 makes it negative."
    : "How far the reconstruction is off, mean over the numbers of an example: lower is better.";

/** Where an example stands in the person's data, if that is not its own number. */
export function origin({ index, row }: Example, about: About): string {
  if (about.kind === "signal") return `ends at time step ${n(row)}`;
  return row === index ? "" : `row ${n(row)}`;
}

/** What the contributions of an example's elements add up to; without a server, only the difference is known. */
export const contributedTo = ({ source }: Page, model: Model): string =>
  !source.live ? "difference" : model.scores ? "the score" : model.nats ? errorName(model) : "the error";
