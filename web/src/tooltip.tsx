/** What is under the mouse or in focus: the example, its reconstruction, error and label. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { brief, n, useBox, useLatest, usePage } from "./page";
import type { Example, Model } from "./types";
import { cellText, Row, Thumb } from "./value";
import { contributedTo, errorName, origin } from "./words";

export function Tooltip() {
  const page = usePage();
  const hover = useBox(page.hover);
  const models = [page.model, page.versus].filter((each): each is Model => each !== null);
  const examples = useLatest<Example[]>(
    () => (hover ? Promise.all(models.map((each) => page.example(each, hover.index))) : null),
    [hover?.index ?? -1, page.model, page.versus],
  );
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const pane = document.querySelector(`.map[data-side="${hover?.side}"]`)?.getBoundingClientRect();
    if (!card.current || !pane || !hover) return;
    const { offsetWidth, offsetHeight } = card.current;
    const [x, y] = [pane.left + hover.x, pane.top + hover.y];
    const left = x + 18 + offsetWidth > innerWidth ? x - 18 - offsetWidth : x + 18;
    const top = Math.min(Math.max(y - offsetHeight / 2, 4), innerHeight - offsetHeight - 4);
    card.current.style.transform = `translate(${Math.max(left, 4)}px, ${top}px)`;
  });
  const example = hover && examples?.[0]?.index === hover.index ? examples[0] : null;
  const values = example ? [example.original, ...(examples ?? []).map((each) => each.reconstruction)] : [];
  const rows = values.flatMap((each) => (each && "cells" in each ? [each.cells] : []));
  const heads = ["original", ...(models.length > 1 ? models.map((each) => each.name) : ["reconstruction"])];
  const { contributions } = example ?? {};
  const single = models.length === 1 && contributions && "values" in contributions ? contributions.values : undefined;
  if (!hover) return <div class="visually-hidden" aria-live="polite" />;
  return (
    <div class="tooltip" ref={card} role="status">
      {rows.length > 0 ? (
        <Row
          rows={rows}
          heads={heads.slice(0, rows.length)}
          contributions={single}
          what={contributedTo(page, page.model)}
          limit={8}
        />
      ) : (
        <div class="thumbs">{values.map((each, i) => each && <Thumb value={each} title={heads[i]} />)}</div>
      )}
      <b>
        #{n(hover.index)} <small>{example && origin(example, page.about)}</small>
      </b>
      {example && (
        <dl>
          {example.label !== null && (
            <>
              <dt>label</dt>
              <dd>{cellText(example.label)}</dd>
            </>
          )}
          {examples?.map((each, i) => (
            <>
              <dt>{errorName(models[i]) + (models.length > 1 ? `, ${models[i].name}` : "")}</dt>
              <dd>{brief(each.error)}</dd>
            </>
          ))}
          {example.score !== null && (
            <>
              <dt>score</dt>
              <dd class={example.flagged ? "flag" : ""}>
                {brief(example.score)}
                {example.flagged ? " flagged" : ""}
              </dd>
            </>
          )}
        </dl>
      )}
    </div>
  );
}
