/** The page: header, one or two maps, and the panel. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { within } from "./camera";
import { AnomaliesPanel } from "./anomalies";
import { CompressPanel } from "./compress";
import { DrawPanel } from "./draw";
import { ExamplePanel } from "./example";
import { GeneratePanel } from "./generate";
import { Header } from "./header";
import { Legend } from "./legend";
import { n, type Page, useBox, usePage, usePromise, useView } from "./page";
import { type Paint, Pane } from "./pane";
import { emphasized, indices, scale } from "./palette";
import { RestorePanel } from "./restore";
import { save } from "./saving";
import type { Tab, Tool } from "./state";
import { Tooltip } from "./tooltip";
import type { Model, Progress } from "./types";
import { WalkPanel } from "./walk";

/** The positions of a model's points; of a map that is being made, how far that is. */
function usePositions(model: Model | null): { xy: Float32Array | null; progress: Progress | null } {
  const page = usePage();
  const chart = model ? page.chart(model) : { map: "", x: 0, y: 0 };
  const [tries, again] = useState(0);
  const answer = usePromise(
    () => (model ? page.source.map(model.id, chart) : null),
    [model, chart.map, chart.x, chart.y, tries],
  );
  const ready = answer instanceof Float32Array;
  useEffect(() => {
    if (!answer || ready) return;
    const timer = setTimeout(() => again(tries + 1), 700);
    return () => clearTimeout(timer);
  }, [answer]);
  return { xy: ready ? answer : null, progress: answer && !ready ? answer.progress : null };
}

function usePaint(): { paint: Paint; legend: preact.JSX.Element } {
  const page = usePage();
  const view = useView();
  const night = useBox(page.night) || (view.grid && page.about.kind === "pixels"); // images are mostly dark
  const { colours } = page.about;
  const colour = colours.find((each) => each.id === view.colour) ?? colours[0];
  const colouring = usePromise(
    () => (colour ? page.source.colour(colour).then((got) => ({ ...got, id: colour.id })) : null),
    [colour],
  );
  const names = colour?.kind === "category" ? (colour.names ?? []).length : 0;
  const current = colouring?.id === colour?.id ? colouring : null;
  const paint = useMemo<Paint>(() => {
    if (!current) return { indices: null, colours: [night ? "#8fb9c0" : "#3b7f8a"], shown: null };
    const shades = indices(current.values, names, current.low, current.high);
    const shown =
      names && view.hidden.length ? Uint8Array.from(shades, (each) => (view.hidden.includes(each) ? 0 : 1)) : null;
    return { indices: shades, colours: scale(names, night), shown };
  }, [current, night, view.hidden]);
  const emphasis = useBox(page.emphasis);
  const emphasizing = useMemo(
    () => (names && emphasis >= 0 ? { ...paint, colours: emphasized(paint.colours, emphasis, night) } : paint),
    [paint, emphasis],
  );
  return {
    paint: emphasizing,
    legend: <Legend night={night} colour={colour} low={current?.low ?? NaN} high={current?.high ?? NaN} />,
  };
}

const tools: [Tool, string, string][] = [
  ["look", "Look", "Drag to move, click to open"],
  ["lasso", "Lasso", "Draw around points to select them (or hold Shift)"],
  ["walk", "Walk", "Drag a cursor: the decoder shows what lies there"],
];

function Tools() {
  const page = usePage();
  const { tool } = useView();
  const offered = tools.filter(([id]) => id !== "walk" || page.models.some((each) => each.decodes));
  const take = (id: Tool) => page.store.set(id === "walk" ? { tool: id, tab: "walk" } : { tool: id });
  return (
    <div class="tools" role="group" aria-label="What a drag on the map does">
      {offered.map(([id, title, hint]) => (
        <button aria-pressed={tool === id} title={hint} onClick={() => take(id)}>
          {title}
        </button>
      ))}
    </div>
  );
}

function Selection() {
  const page = usePage();
  const selected = useBox(page.selected);
  const { lasso } = useView();
  if (!lasso.length) return null;
  const csv = () => page.source.rows(selected).then((blob) => save(blob, "selection.csv"), page.fail);
  return (
    <div class="selection" role="status">
      <b data-testid="selected">{n(selected.length)}</b> selected
      {page.about.examples && (
        <button disabled={!selected.length} onClick={csv}>
          CSV
        </button>
      )}
      {page.model.decodes && <button onClick={() => page.store.set({ tab: "walk" })}>As a group…</button>}
      <button onClick={() => page.store.set({ lasso: [] })}>Clear</button>
    </div>
  );
}

function tabs({ model, models, source, about }: Page): [Tab, string][] {
  const all: [Tab, string, boolean][] = [
    ["example", "Example", true],
    ["restore", "Before and after", source.live && model.restores !== null],
    ["compress", "Compression", source.live && model.compresses !== null],
    ["walk", "Walk", models.some((each) => each.decodes)],
    ["generate", "Generate", model.samples && model.decodes],
    ["draw", "Draw", source.live && about.kind === "pixels" && model.decodes],
    ["anomalies", "Anomalies", true],
  ];
  return all.filter(([, , offered]) => offered).map(([id, title]) => [id, title]);
}

function Panel({ xy }: { xy: Float32Array }) {
  const page = usePage();
  useView(); // the tab is of it
  const offered = tabs(page);
  const tab = offered.some(([id]) => id === page.tab) ? page.tab : "example";
  const turn = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = offered[(offered.findIndex(([id]) => id === tab) + step + offered.length) % offered.length][0];
    page.store.set({ tab: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <aside class="panel">
      <div class="tabs" role="tablist" onKeyDown={turn}>
        {offered.map(([id, title]) => (
          <button
            role="tab"
            id={`tab-${id}`}
            aria-selected={tab === id}
            aria-controls="panel"
            tabIndex={tab === id ? 0 : -1}
            onClick={() => page.store.set({ tab: id })}
          >
            {title}
          </button>
        ))}
      </div>
      <div class="content" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
        {tab === "example" && <ExamplePanel />}
        {tab === "restore" && <RestorePanel />}
        {tab === "compress" && <CompressPanel key={page.model.id} />}
        {tab === "walk" && <WalkPanel xy={xy} />}
        {tab === "generate" && <GeneratePanel />}
        {tab === "draw" && <DrawPanel />}
        {tab === "anomalies" && <AnomaliesPanel />}
      </div>
    </aside>
  );
}

function Trouble() {
  const { trouble } = usePage();
  const said = useBox(trouble);
  if (!said) return null;
  return (
    <div class="trouble" role="alert">
      {said}
      <button onClick={() => trouble.set("")} aria-label="Close">
        ×
      </button>
    </div>
  );
}

const none = new Float32Array(0);

export function App() {
  const page = usePage();
  const view = useView();
  const [left, right] = [usePositions(page.model), usePositions(page.versus)];
  const { paint, legend } = usePaint();
  const within_ = view.side === 1 ? right.xy : left.xy;
  useEffect(
    () => page.selected.set(within_ ? within(within_, view.lasso, paint.shown) : []),
    [within_, view.lasso, paint.shown],
  );
  return (
    <>
      <Header />
      <main class={page.wide ? "wide" : ""}>
        <div class="maps">
          <Tools />
          <Selection />
          <div class="panes">
            {left.xy ? (
              <Pane key={`0 ${page.model.id}`} model={page.model} side={0} xy={left.xy} paint={paint} />
            ) : (
              <Waiting progress={left.progress} />
            )}
            {page.versus &&
              (right.xy ? (
                <Pane key={`1 ${page.versus.id}`} model={page.versus} side={1} xy={right.xy} paint={paint} />
              ) : (
                <Waiting progress={right.progress} />
              ))}
          </div>
          {legend}
        </div>
        <Panel xy={left.xy ?? none} />
      </main>
      <Tooltip />
      <Trouble />
    </>
  );
}

function Waiting({ progress }: { progress: Progress | null }) {
  if (!progress) return <div class="pane waiting">Loading the map</div>;
  const { stage, done, total, seconds } = progress;
  return (
    <div class="pane waiting">
      <p role="status">{stage}</p>
      <progress value={total ? done : undefined} max={total || 1} aria-label={stage} />
      <p>
        {total ? `${n(done)} of ${n(total)} · ` : ""}
        {Math.round(seconds)} s so far; the other maps can be looked at meanwhile
      </p>
    </div>
  );
}
