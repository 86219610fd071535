/** Between the points: the cursor, the decoded grid, a line from one point to another, and directions between groups. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { within } from "./camera";
import { Count, Part, Slider, Toggle } from "./controls";
import { brief, n, noMarks, useBox, useLatest, usePage, usePromise, useView } from "./page";
import { cursorKey, points } from "./state";
import type { Decoded, Value } from "./types";
import { Shown } from "./value";

const steps = 24;

function Cursor() {
  const page = usePage();
  const view = useView();
  const walked = useBox(page.walked);
  const cursors = page.models.map((_, side) => points(view[cursorKey(side)])[0]);
  const away = { cursor: [], cursorBeside: [], tool: "look" as const };
  return (
    <Part title="Under the cursor" id="walk">
      <p class="hint">
        {view.tool === "walk"
          ? "Drag on the map, or use the arrow keys there."
          : "Take the cursor, and drag it over the map."}
        {view.tool !== "walk" && <button onClick={() => page.store.set({ tool: "walk" })}>Walk</button>}
        {cursors.some(Boolean) && <button onClick={() => page.store.set(away)}>Put away</button>}
      </p>
      <div class="walked">
        {page.models.map(
          ({ name }, side) =>
            cursors[side] &&
            walked[side] && (
              <figure class="decoded" data-testid={side ? "walked-beside" : "walked"}>
                <Shown value={walked[side]} title={`decoded at the cursor${page.versus ? ` by ${name}` : ""}`} keep />
                {page.versus && <figcaption>{name}</figcaption>}
              </figure>
            ),
        )}
      </div>
      <Toggle label="Decoded grid behind the points" value={view.grid} onInput={(grid) => page.store.set({ grid })} />
    </Part>
  );
}

function Line() {
  const page = usePage();
  const { model, store } = page;
  const { point, to, step, map, x, y } = useView();
  const [playing, play] = useState(false);
  const ready = point >= 0 && to >= 0 && point < page.about.n && to < page.about.n;
  const line = usePromise<Decoded>(
    () => (ready ? page.source.interpolate(model.id, page.chart(model), point, to, steps) : null),
    [model, point, to, map, x, y],
  );
  const at = Math.min(step, steps - 1);
  const path = useMemo(() => (line?.positions ?? []).filter((each) => each !== null), [line]);
  useEffect(() => {
    page.marks.set({ ...page.marks.value, path, step: at });
    return () => page.marks.set(noMarks);
  }, [path, at]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => store.set({ step: (store.view.step + 1) % steps }), 120);
    return () => clearInterval(timer);
  }, [playing]);
  return (
    <Part title="From one point to another" id="line">
      <div class="fields">
        <Count label="From #" value={point} min={0} max={page.about.n - 1} onInput={(point) => store.set({ point })} />
        <Count label="to #" value={to} min={0} max={page.about.n - 1} onInput={(to) => store.set({ to, step: 0 })} />
        <button onClick={() => store.set({ to: Math.floor(Math.random() * page.about.n), step: 0 })}>Any</button>
      </div>
      {!ready && <p class="hint">Open a point, then say where the line ends.</p>}
      {line && (
        <>
          <div class="decoded" data-testid="line">
            <Shown value={line.values[at]} title={`step ${at + 1} of ${steps}`} keep />
          </div>
          <div class="fields">
            <button aria-pressed={playing} onClick={() => play(!playing)}>
              {playing ? "Stop" : "Play"}
            </button>
            <Slider
              label="step"
              value={at}
              text={`${at + 1} of ${steps}`}
              min={0}
              max={steps - 1}
              step={1}
              onInput={(step) => store.set({ step })}
            />
          </div>
        </>
      )}
    </Part>
  );
}

const most = 5000; // of a group, evenly taken: enough for a mean

function members(xy: Float32Array, polygon: number[]): number[] {
  const inside = within(xy, polygon);
  const stride = Math.ceil(inside.length / most) || 1;
  return inside.filter((_, i) => i % stride === 0);
}

function Direction({ xy }: { xy: Float32Array }) {
  const page = usePage();
  const { model, store } = page;
  const { groupA, groupB, lasso, side, point, strength } = useView();
  const [a, b] = [useMemo(() => members(xy, groupA), [xy, groupA]), useMemo(() => members(xy, groupB), [xy, groupB])];
  const ready = a.length > 0 && b.length > 0;
  const direction = usePromise(() => (ready ? page.source.direction(model.id, a, b) : null), [model, a, b]);
  const start = point >= 0 ? point : a[0];
  const example = usePromise(() => (ready ? page.example(model, start) : null), [model, start, ready]);
  const code = direction && example && example.code.map((each, i) => each + strength * direction[i]);
  const made = useLatest<Value[]>(() => (code ? page.source.decode(model.id, [code]) : null), [code?.join()]);
  const take = (name: "groupA" | "groupB") => store.set({ [name]: lasso, lasso: [] });
  const free = lasso.length > 0 && side === 0;
  return (
    <Part title="Latent arithmetic" id="arithmetic">
      <p class="hint">
        {ready
          ? `The way from A to B, added to #${n(start)}:`
          : "Lasso a group and call it A, another and call it B. The way between them can be added to any point."}
      </p>
      <div class="fields">
        <button disabled={!free} onClick={() => take("groupA")}>
          Lasso is A
        </button>
        <span>{n(a.length)}</span>
        <button disabled={!free} onClick={() => take("groupB")}>
          Lasso is B
        </button>
        <span>{n(b.length)}</span>
        {(a.length > 0 || b.length > 0) && <button onClick={() => store.set({ groupA: [], groupB: [] })}>Clear</button>}
      </div>
      {ready && (
        <>
          {made && (
            <div class="decoded" data-testid="added">
              <Shown value={made[0]} title="with the direction added" keep />
            </div>
          )}
          <Slider
            label="strength"
            value={strength}
            min={-2}
            max={2}
            step={0.05}
            text={brief(strength)}
            onInput={(strength) => store.set({ strength })}
          />
        </>
      )}
    </Part>
  );
}

export function WalkPanel({ xy }: { xy: Float32Array }) {
  const { decodes } = usePage().model;
  if (!decodes) return <Cursor />;
  return (
    <>
      <Cursor />
      <Line />
      <Direction xy={xy} />
    </>
  );
}
