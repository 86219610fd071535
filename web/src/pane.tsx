/** A map in the page: its points, what is drawn on them, and what mouse, finger and keys do there. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { nearest, thinned, towards } from "./camera";
import { useGrid, useWalk } from "./follow";
import { listen } from "./gestures";
import { ScatterMap, specks } from "./map";
import type { Tiles } from "./overlay";
import { useBox, usePage, useView } from "./page";
import { cursorKey, points } from "./state";
import { Shown } from "./value";
import type { Model, Point } from "./types";

export interface Paint {
  indices: Float32Array | null;
  colours: string[];
  shown: Uint8Array | null;
}

interface Props {
  model: Model;
  side: number;
  xy: Float32Array;
  paint: Paint;
}

const arrows: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const reach = 14; // pixels around a point that count as on it

export function Pane(props: Props) {
  const { side, model, xy, paint } = props;
  const page = usePage();
  const view = useView();
  const [hover, marks, selected, matches] = [
    useBox(page.hover),
    useBox(page.marks),
    useBox(page.selected),
    useBox(page.matches),
  ];
  const [night, walked] = [useBox(page.night), useBox(page.walked)];
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<ScatterMap | null>(null);
  const tiles = useRef<Tiles | null>(null);
  const drawing = useRef<number[]>([]);
  const opened = useRef(view.point); // where a shared view begins, it stays as it is
  const latestProps = useRef(props);
  latestProps.current = props;

  const redraw = () => map.current?.set(scene());
  const follow = useGrid(map, props, (made) => {
    tiles.current = made;
    redraw();
  });
  useWalk(props);

  function scene() {
    const { view } = page.store;
    const lassos = [{ path: drawing.current, name: "" }];
    if (view.lasso.length && view.side === side) lassos.push({ path: view.lasso, name: "" });
    if (side === 0) lassos.push({ path: view.groupA, name: "A" }, { path: view.groupB, name: "B" });
    const { path, step, samples, drawn } =
      side === 0 ? page.marks.value : { path: [], step: 0, samples: [], drawn: null };
    return {
      xy: latestProps.current.xy,
      about: page.about,
      night: page.night.value,
      tiles: view.grid ? tiles.current : null,
      marked: page.matches.value?.indices ?? [],
      selected: view.side === side ? [] : page.selected.value, // on its own map the lasso itself shows it
      lassos,
      path,
      step,
      samples,
      drawn,
      cursor: points(view[cursorKey(side)])[0] ?? null,
      hover: page.hover.value?.index ?? -1,
      focus: view.point,
    };
  }

  /** Whether a drag moves the cursor: not on the map of a model that cannot decode. */
  const walks = (): boolean => page.store.view.tool === "walk" && latestProps.current.model.decodes;

  function moved(): void {
    if (!map.current) return;
    const { camera } = map.current;
    map.current.turn();
    if (side === 0) page.store.set({ at: [camera.x, camera.y, camera.zoom] }, true);
    if (page.hover.value) page.hover.set(null);
    follow();
  }

  function under(x: number, y: number): number {
    const { camera } = map.current as ScatterMap;
    const { xy, paint } = latestProps.current;
    return nearest(xy, ...camera.toMap(x, y), reach / camera.unit, paint.shown);
  }

  function walk(x: number, y: number): void {
    const { camera } = map.current as ScatterMap;
    page.hover.set(null);
    page.store.set({ [cursorKey(side)]: camera.toMap(x, y) });
  }

  function lasso(path: number[], done: boolean): void {
    const { camera } = map.current as ScatterMap;
    if (page.hover.value) page.hover.set(null);
    drawing.current = done ? [] : points(path).flatMap(([x, y]) => camera.toMap(x, y));
    if (done)
      page.store.set({
        lasso: thinned(
          points(path).flatMap(([x, y]) => camera.toMap(x, y)),
          48,
        ),
        side,
      });
    redraw();
  }

  useEffect(() => {
    const element = holder.current as HTMLDivElement;
    let made: ScatterMap;
    try {
      made = new ScatterMap(element, page.about.n > specks);
    } catch (error) {
      return page.fail(error as Error); // no WebGL: the panel works without a map
    }
    map.current = made;
    [made.camera.x, made.camera.y, made.camera.zoom] = side === 0 ? page.store.view.at : [0, 0, 1];
    const hush = listen(element, {
      tool: () => (walks() ? "walk" : page.store.view.tool === "lasso" ? "lasso" : "look"),
      pan: (dx, dy) => (made.camera.pan(dx, dy), moved()),
      zoom: (factor, x, y) => (made.camera.magnify(factor, x, y), moved()),
      hover: (x, y) => {
        const index = under(x, y);
        if (index !== (page.hover.value?.index ?? -1)) page.hover.set(index < 0 ? null : { index, side, x, y });
      },
      leave: () => page.hover.value && page.hover.set(null),
      click: (x, y) => {
        const index = under(x, y);
        if (index >= 0) page.open(index);
      },
      lasso,
      walk,
    });
    page.images.set(side, () => made.image());
    return () => {
      hush();
      page.images.delete(side);
      made.destroy();
    };
  }, []);

  useEffect(() => {
    const background = night ? "#11171a" : "#ffffff";
    map.current?.show({ xy, ...paint, background }).then(redraw, page.fail);
  }, [xy, paint, night]);

  useEffect(() => {
    const camera = map.current?.camera;
    if (!camera || side !== 0 || (camera.x === view.at[0] && camera.y === view.at[1] && camera.zoom === view.at[2]))
      return;
    [camera.x, camera.y, camera.zoom] = view.at;
    map.current?.turn();
    follow();
  }, [view.at]);

  useEffect(() => {
    if (opened.current !== view.point && view.point >= 0) reveal(view.point);
    opened.current = view.point;
  }, [view.point]);

  useLayoutEffect(redraw, [view, hover, marks, selected, matches, night, xy]);

  function step(direction: Point): void {
    if (!map.current) return;
    const { camera } = map.current;
    if (walks()) {
      const [x, y] = points(view[cursorKey(side)])[0] ?? [camera.x, camera.y];
      const [dx, dy] = direction.map((each) => (8 * each) / camera.unit);
      page.hover.set(null);
      return page.store.set({ [cursorKey(side)]: [x + dx, y + dy] });
    }
    const from = page.hover.value?.index ?? view.point;
    const start = from >= 0 ? from : nearest(xy, camera.x, camera.y, Infinity, paint.shown);
    const index = from >= 0 ? towards(xy, from, ...direction, paint.shown) : start;
    reveal(index);
    const [x, y] = camera.toScreen(xy[2 * index], xy[2 * index + 1]);
    page.hover.set({ index, side, x, y });
  }

  /** Move to a point that is out of sight. */
  function reveal(index: number): void {
    if (!map.current) return;
    const { camera } = map.current;
    const [x, y] = [xy[2 * index], xy[2 * index + 1]];
    if (camera.sees(x, y)) return;
    [camera.x, camera.y] = [x, y];
    moved();
  }

  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in arrows) step(arrows[event.key]);
    else if (event.key === "Enter" && page.hover.value) page.open(page.hover.value.index);
    else if (event.key === "Escape") {
      page.hover.set(null);
      page.store.set({ point: -1, lasso: [], edits: [] });
    } else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.4 : 1 / 1.4);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  }

  function zoom(factor: number): void {
    if (!map.current) return;
    const { camera } = map.current;
    camera.magnify(factor, camera.width / 2, camera.height / 2);
    moved();
  }

  function fit(): void {
    map.current?.camera.fit(xy);
    moved();
  }

  const { title } = model.maps.find((each) => each.id === page.chart(model).map) ?? { title: "" };
  const about = `Map of ${page.about.n} points, ${model.name}, ${title}. Arrow keys go from point to point, Enter opens one.`;
  return (
    <div class="pane">
      <div
        class={`map ${view.tool}`}
        data-side={side}
        ref={holder}
        tabIndex={0}
        role="application"
        aria-label={about}
        onKeyDown={key}
        onBlur={() => page.hover.value && page.hover.set(null)}
      />
      {page.versus && <span class="which">{model.name}</span>}
      <div class="zoom">
        <button onClick={() => zoom(1.6)} aria-label="Zoom in" title="Zoom in (+)">
          +
        </button>
        <button onClick={() => zoom(1 / 1.6)} aria-label="Zoom out" title="Zoom out (−)">
          −
        </button>
        <button onClick={fit} aria-label="Show all" title="Show all (0)">
          ⤢
        </button>
      </div>
      {walked[side] && view.tab !== "walk" && page.about.kind !== "table" && (
        <div class="bubble">
          <Shown value={walked[side]} title="decoded at the cursor" />
        </div>
      )}
    </div>
  );
}
