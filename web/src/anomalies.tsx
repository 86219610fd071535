/** How abnormal examples are, where the threshold lies, and which are beyond it. */
import { useMemo, useRef } from "preact/hooks";
import { Part, Slider } from "./controls";
import { brief, n, useLatest, usePage, usePromise, useView } from "./page";
import { save } from "./saving";
import type { Flagged, Model, Scores, Value } from "./types";
import { cellText, Thumb } from "./value";
import { errorMeaning, errorName } from "./words";

const [wide, high] = [340, 90];
const titles: Record<string, string> = { score: "Scores", excess: "Scores above their thresholds" };

function Histogram({
  scores,
  threshold,
  onInput,
}: {
  scores: Scores;
  threshold: number;
  onInput(value: number): void;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const { edges, counts } = scores;
  const [low, top] = [edges[0], edges[edges.length - 1]];
  const most = Math.max(...counts.map(Math.sqrt), 1);
  const at = (value: number): number => (wide * (value - low)) / (top - low || 1);
  const drag = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (box && event.buttons)
      onInput(low + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * (top - low));
  };
  return (
    <svg
      class="histogram"
      ref={svg}
      viewBox={`0 0 ${wide} ${high}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Histogram of the ${scores.what}`}
      onPointerDown={(event) => (event.currentTarget.setPointerCapture(event.pointerId), drag(event))}
      onPointerMove={drag}
    >
      {counts.map((count, i) => {
        const height = (high * Math.sqrt(count)) / most;
        const [left, right] = [at(edges[i]), at(edges[i + 1])];
        return (
          <rect
            x={left}
            width={Math.max(right - left - 1, 0.5)}
            y={high - height}
            height={height}
            class={edges[i] >= threshold ? "beyond" : ""}
          />
        );
      })}
      <line x1={at(threshold)} x2={at(threshold)} y1={0} y2={high} />
    </svg>
  );
}

const contributorsOf = ({ contributors }: Flagged["rows"][number]): string =>
  contributors.map((each) => `${each.name} ${Math.round(100 * each.fraction)} %`).join(", ");

function List({ flagged }: { flagged: Flagged }) {
  const page = usePage();
  const indices = flagged.rows.map((each) => each.index);
  const thumbs = page.about.examples && page.about.kind !== "table";
  const values = usePromise<(Value | null)[]>(
    () => (thumbs ? page.source.values(indices) : null),
    [indices.join(), thumbs],
  );
  return (
    <ol class={thumbs ? "flagged" : "flagged plain"}>
      {flagged.rows.map((row, i) => (
        <li>
          <button
            onClick={() => page.store.set({ point: row.index, tab: "example", edits: [] })}
            onPointerEnter={() => page.hover.set(null)}
          >
            {thumbs && <Thumb value={values?.[i]} title="" />}
            <b>#{n(row.index)}</b>
            <span>{row.label === null ? "" : cellText(row.label)}</span>
            <span class="contributors" title={contributorsOf(row)}>
              {contributorsOf(row)}
            </span>
            <output>{brief(row.score)}</output>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** A start where no detector says one: beyond it lies a hundredth. */
function threshold99({ edges, counts }: Scores): number {
  let left = 0.99 * counts.reduce((sum, each) => sum + each, 0);
  const bin = counts.findIndex((each) => (left -= each) <= 0);
  return edges[bin + 1] ?? edges[edges.length - 1];
}

/** What the numbers of the histogram are. */
function meaning({ what }: Scores, model: Model, signal: boolean): string {
  const lines = {
    error: `This model has no detector: the error stands for a score, and a hundredth lies beyond. ${errorMeaning(model)}`,
    score: "",
    excess:
      "Each group has a threshold of its own. Shown is how far scores are above the threshold of their group: the slider moves all thresholds alike.",
  };
  const window = "Of a window, the score of its most abnormal time step: the threshold is one for time steps.";
  return [lines[what], signal && what !== "error" ? window : "", "Bars are as high as the root of their counts."]
    .filter(Boolean)
    .join(" ");
}

export function AnomaliesPanel() {
  const page = usePage();
  const { model, store, source } = page;
  const { threshold: chosen } = useView();
  const scores = usePromise(() => source.scores(model.id), [model]);
  const start = useMemo(() => (scores ? (scores.threshold ?? threshold99(scores)) : NaN), [scores]);
  const threshold = Number.isNaN(chosen) ? start : chosen;
  const flagged = useLatest<Flagged>(
    () => (Number.isNaN(threshold) ? null : source.anomalies(model.id, threshold, 50)),
    [model, threshold],
  );
  if (!scores) return <p class="hint">…</p>;
  const [low, top] = [scores.edges[0], scores.edges[scores.edges.length - 1]];
  const csv = () => source.flaggedRows(model.id, threshold).then((blob) => save(blob, "flagged.csv"), page.fail);
  const colour = `${scores.what}:${model.id}`;
  return (
    <Part title={titles[scores.what] ?? `Errors of reconstruction (${errorName(model)})`} id="anomalies">
      <Histogram scores={scores} threshold={threshold} onInput={(threshold) => store.set({ threshold })} />
      <div class="axis">
        <i>{brief(low)}</i>
        <i>{brief(top)}</i>
      </div>
      <Slider
        label={scores.what === "excess" ? "above own" : "threshold"}
        id="threshold"
        value={threshold}
        min={low}
        max={top}
        step={(top - low) / 1000 || 1}
        onInput={(threshold) => store.set({ threshold })}
      />
      <div class="fields">
        <b data-testid="count">{flagged ? n(flagged.flagged) : "–"}</b>
        <span>of {n(page.about.n)} beyond it</span>
        {!Number.isNaN(chosen) && <button onClick={() => store.set({ threshold: NaN })}>Reset</button>}
        <button onClick={() => store.set({ colour, hidden: [] })}>Colour by it</button>
        <button disabled={!flagged?.flagged} onClick={csv}>
          CSV
        </button>
      </div>
      <p class="hint">{meaning(scores, model, page.about.kind === "signal")}</p>
      {flagged && <List flagged={flagged} />}
    </Part>
  );
}
