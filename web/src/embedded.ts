/** The source of a page that was exported: all it knows lies in the file, and the decoder runs here. */
import { type Packed, unpack } from "./arrays";
import { csv } from "./csv";
import { search } from "./finding";
import { difference, type Gallery, gallery } from "./gallery";
import { type Kept, Local } from "./local";
import { normals } from "./random";
import type { About, Cell, Chart, Code, Colour, Colouring, Example, Decoded, Point, Source } from "./types";

export interface Exported {
  version: number;
  state: About;
  colours: Record<string, Packed>;
  /** The number of each example in the person's data; null: its own. */
  rows: number[] | null;
  values: Gallery | null;
  models: Kept[];
}

/** What lies in the page, or null: then there is a server. */
export function embedded(): Source | null {
  const text = document.getElementById("ISTHMUS_PAGE")?.textContent;
  if (!text) return null;
  const page = JSON.parse(text) as Exported;
  if (page.version !== 2)
    throw new Error(`it was exported in version ${page.version} of its format, and this reads version 2`);
  return source(page);
}

export function source(page: Exported): Source {
  const { state } = page;
  const locals = page.models.map((each) => new Local(each));
  const examples = gallery(page.values, state);
  const reconstructions = page.models.map((each) => gallery(each.reconstructions, state));
  const labels = page.colours.label && unpack(page.colours.label);
  const names = state.colours.find((each) => each.id === "label")?.names;
  const label = (i: number): Cell => (!labels ? null : names ? (names[labels[i]] ?? null) : labels[i]);
  const row = (i: number): number => page.rows?.[i] ?? i;
  const noServer = async (): Promise<never> => {
    throw new Error("an exported page cannot do this; isthmus explore can");
  };
  const decoded = (local: Local, chart: Chart, codes: Code[]): Decoded => ({
    codes,
    values: codes.map((z) => local.decode(z)),
    positions: codes.map((z) => local.position(z, chart)),
  });
  const measure = (local: Local): Float32Array => local.excess ?? local.scores ?? local.errors;
  const beyond = (local: Local, threshold: number): number[] => {
    const values = measure(local);
    const indices = Array.from(values.keys()).filter((i) => values[i] > threshold);
    return indices.sort((a, b) => values[b] - values[a]);
  };
  const limit = ({ excess, scores, kept }: Local, i: number): number | null =>
    excess && scores ? scores[i] - excess[i] : kept.threshold;

  return {
    live: false,
    about: async () => state,
    map: async (model, chart) => locals[model].positions(chart),
    colour: async (colour: Colour): Promise<Colouring> => ({
      values: unpack(page.colours[colour.id]),
      low: colour.low ?? 0,
      high: colour.high ?? 1,
    }),
    async example(model, index): Promise<Example> {
      const local = locals[model];
      const code = local.code(index);
      const original = examples ? await examples.value(index) : null;
      const decodes = original && state.models[model].decodes;
      const reconstruction = decodes ? local.decode(code) : ((await reconstructions[model]?.value(index)) ?? null);
      const score = local.scores?.[index] ?? null;
      const contributions = original && reconstruction ? await difference(original, reconstruction, state) : null;
      const flagged = score === null ? null : measure(local)[index] > (local.kept.threshold ?? Infinity);
      const threshold = score === null ? null : limit(local, index);
      const neighbours = local.neighbours(code, 8, index);
      return {
        index,
        row: row(index),
        label: label(index),
        error: local.errors[index],
        score,
        threshold,
        flagged,
        original,
        reconstruction,
        contributions,
        heat: null,
        code,
        neighbours,
      };
    },
    values: (indices) => Promise.all(indices.map((index) => examples?.value(index) ?? Promise.resolve(null))),
    decode: async (model, codes) => codes.map((z) => locals[model].decode(z)),
    walk: async (model, chart, points, code) => {
      const codes = points.map((point) => locals[model].invert(point, chart, code));
      return { codes, values: codes.map((z) => locals[model].decode(z)) };
    },
    async grid(model, chart, [x0, y0, x1, y1], columns, rows) {
      const spots = Array.from({ length: columns * rows }, (_, i): Point => [
        x0 + ((x1 - x0) * ((i % columns) + 0.5)) / columns,
        y0 + ((y1 - y0) * (Math.floor(i / columns) + 0.5)) / rows,
      ]);
      return spots.map((spot) => locals[model].decode(locals[model].invert(spot, chart, null)));
    },
    async interpolate(model, chart, from, to, steps) {
      const [a, b] = [locals[model].code(from), locals[model].code(to)];
      const codes = Array.from({ length: steps }, (_, i) =>
        a.map((each, k) => each + ((b[k] - each) * i) / (steps - 1)),
      );
      return decoded(locals[model], chart, codes);
    },
    async direction(model, from, to) {
      const [a, b] = [locals[model].mean(from), locals[model].mean(to)];
      return b.map((each, k) => each - a[k]);
    },
    async sample(model, chart, n, seed, temperature) {
      const { prior } = locals[model].kept;
      if (!prior) return noServer();
      const draw = normals(seed);
      const codes = Array.from({ length: n }, () => {
        const noise = prior.mean.map(draw);
        return prior.mean.map(
          (each, i) => each + temperature * prior.factor[i].reduce((sum, f, k) => sum + f * noise[k], 0),
        );
      });
      return decoded(locals[model], chart, codes);
    },
    encode: noServer,
    file: noServer,
    restore: noServer,
    compress: noServer,
    scores: async (model) => locals[model].kept.hist,
    async anomalies(model, threshold, limit) {
      const local = locals[model];
      const values = measure(local);
      const flagged = beyond(local, threshold);
      const known = new Map(local.kept.anomalies.rows.map((row) => [row.index, row.contributors]));
      const rows = flagged
        .slice(0, limit)
        .map((index) => ({ index, label: label(index), score: values[index], contributors: known.get(index) ?? [] }));
      return { flagged: flagged.length, rows };
    },
    search: async (text) => search(text, state, label, page.values),
    async flaggedRows(model, threshold) {
      const local = locals[model];
      const { scores, excess, errors } = local;
      const heads = ["row", "label", scores ? "score" : "error", ...(excess ? ["threshold"] : [])];
      return csv(heads, beyond(local, threshold), (i) => [
        row(i),
        label(i),
        (scores ?? errors)[i],
        ...(excess ? [limit(local, i)] : []),
      ]);
    },
    async rows(indices) {
      const cells = page.values && "cells" in page.values ? page.values.cells : null;
      return csv(["row", "label", ...(cells ? state.fields.map((each) => each.name) : [])], indices, (i) => [
        row(i),
        label(i),
        ...(cells?.[i] ?? []),
      ]);
    },
  };
}
