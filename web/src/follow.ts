/** What the decoder says about a map while it moves: the grid over what is in sight, and what is under the cursor. */
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { glyph } from "./glyph";
import { latest, settled } from "./latest";
import type { ScatterMap } from "./map";
import type { Tiles } from "./overlay";
import { type Page, useLatest, usePage, usePromise, useView } from "./page";
import { cursorKey, points } from "./state";
import type { Chart, Model } from "./types";

interface Shown {
  model: Model;
  side: number;
}

/** The decoded grid for what is in sight: cells of about 46 pixels. */
async function decodedGrid(page: Page, map: ScatterMap, model: Model, chart: Chart): Promise<Tiles> {
  const { camera } = map;
  const [x0, y1] = camera.toMap(0, 0);
  const [x1, y0] = camera.toMap(camera.width, camera.height);
  const clip = (value: number): number => Math.min(Math.max(value, -1.05), 1.05);
  const bounds = [x0, y0, x1, y1].map(clip);
  const count = (span: number): number => Math.min(Math.max(Math.round((span * camera.unit) / 46), 2), 20);
  const [columns, rows] = [count(bounds[2] - bounds[0]), count(bounds[3] - bounds[1])];
  const values = await page.source.grid(model.id, chart, bounds, columns, rows);
  return { bounds, columns, rows, glyphs: await Promise.all(values.map(glyph)) };
}

/** Keep the grid of a map up to date; gives what to call when the camera moves. */
export function useGrid(
  map: { current: ScatterMap | null },
  props: Shown,
  show: (tiles: Tiles | null) => void,
): () => void {
  const page = usePage();
  const { grid } = useView();
  const chart = page.chart(props.model);
  const now = useRef({ on: false, chart, model: props.model });
  now.current = { on: grid && props.model.decodes, chart, model: props.model };
  const follow = useMemo(() => {
    const work = async () => {
      const { on, model, chart } = now.current;
      return on && map.current ? decodedGrid(page, map.current, model, chart) : null;
    };
    return settled(latest(work, show, page.fail), 150);
  }, []);
  useEffect(follow, [grid, props.model, chart.map, chart.x, chart.y]);
  return follow;
}

/** Decode what is under the cursor while it moves. */
export function useWalk({ model, side }: Shown): void {
  const page = usePage();
  const view = useView();
  const chart = page.chart(model);
  const cursor = view[cursorKey(side)];
  const active = model.decodes && cursor.length === 2;
  const others = usePromise(
    () => (active && chart.map === "codes" && view.point >= 0 ? page.example(model, view.point) : null),
    [active, chart.map, view.point, model],
  );
  const decoded = useLatest(
    () => (active ? page.source.walk(model.id, chart, points(cursor), others?.code ?? null) : null),
    [active, cursor.join(), chart.map, chart.x, chart.y, model.id, others ?? 0],
  );
  useLayoutEffect(() => {
    const walked = [...page.walked.value];
    walked[side] = active ? (decoded?.values[0] ?? null) : null;
    page.walked.set(walked);
    return () => page.walked.set(page.walked.value.map((each, at) => (at === side ? null : each)));
  }, [decoded, active]);
}
