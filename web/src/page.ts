/** What all parts of the page have in common, and the hooks by which they follow it. */
import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { latest, remember } from "./latest";
import type { Store, Tab, View } from "./state";
import type { About, Chart, Example, Model, Point, Source, Value } from "./types";

/** A value that others may follow. */
export class Box<T> {
  private listeners = new Set<() => void>();
  constructor(public value: T) {}

  set(value: T): void {
    this.value = value;
    for (const listener of this.listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** What the panel puts on the map. */
export interface Marks {
  path: Point[];
  step: number;
  samples: Point[];
  drawn: Point | null;
}

export const noMarks: Marks = { path: [], step: 0, samples: [], drawn: null };

export interface Hover {
  index: number;
  side: number;
  x: number;
  y: number;
}

/** A file that the person opened, and the model that has read it. */
export interface Opened {
  model: number;
  file: number;
  name: string;
}

export class Page {
  readonly hover = new Box<Hover | null>(null);
  readonly marks = new Box<Marks>(noMarks);
  readonly selected = new Box<number[]>([]);
  /** What is decoded at the cursor of each map. */
  readonly walked = new Box<(Value | null)[]>([]);
  /** The category in the legend that is pointed at; −1: none. */
  readonly emphasis = new Box(-1);
  readonly matches = new Box<{ indices: number[]; total: number } | null>(null);
  readonly opened = new Box<Opened | null>(null);
  readonly images = new Map<number, () => HTMLCanvasElement>();
  readonly trouble = new Box<string>("");
  readonly night = new Box(false);
  private examples = remember<Example>(400);

  constructor(
    readonly source: Source,
    readonly about: About,
    readonly store: Store,
  ) {}

  get model(): Model {
    return this.about.models[this.store.view.model] ?? this.about.models[0];
  }

  get versus(): Model | null {
    const { versus, model } = this.store.view;
    return (versus !== model && this.about.models[versus]) || null;
  }

  /** The models on the page, by side. */
  get models(): Model[] {
    return [this.model, this.versus].filter((each): each is Model => each !== null);
  }

  /** The map that is shown of a model: the wished one where the model has it. */
  chart(model: Model): Chart {
    const { map, x, y } = this.store.view;
    const last = model.latent_dim - 1;
    const shown = model.maps.find((each) => each.id === map) ?? model.maps[0];
    return { map: shown.id, x: Math.min(x, last), y: Math.min(y, last) };
  }

  example(model: Model, index: number): Promise<Example> {
    const { map } = this.chart(model);
    return this.examples(`${model.id} ${index} ${map}`, () => this.source.example(model.id, index, map));
  }

  /** The part of the panel that is shown: at first, of models whose codes say little, what they make of images. */
  get tab(): Tab {
    const { decodes, restores, compresses } = this.model;
    const first = !this.source.live || decodes ? "example" : restores ? "restore" : compresses ? "compress" : "example";
    return this.store.view.tab || first;
  }

  /** Whether that works on one example after the other, and needs room. */
  get wide(): boolean {
    return this.tab === "restore" || this.tab === "compress";
  }

  open(index: number): void {
    this.opened.set(null);
    this.store.set({ point: index, tab: this.wide ? this.tab : "example", edits: [] });
  }

  readonly fail = (error: Error): void => this.trouble.set(error.message);
}

export const PageContext = createContext<Page | null>(null);
export const usePage = (): Page => useContext(PageContext) as Page;

export function useBox<T>(box: Box<T>): T {
  const [, turn] = useState(0);
  useEffect(() => box.listen(() => turn((each) => each + 1)), [box]);
  return box.value;
}

export function useView(): View {
  const { store } = usePage();
  const [, turn] = useState(0);
  useEffect(() => store.listen(() => turn((each) => each + 1)), [store]);
  return store.view;
}

/** What `make` promises, anew whenever `keys` change; meanwhile what was there before. */
export function usePromise<T>(make: () => Promise<T> | null, keys: unknown[]): T | null {
  const page = usePage();
  const [value, set] = useState<T | null>(null);
  useEffect(() => {
    let current = true;
    const promise = make();
    if (promise) promise.then((each) => current && set(each), page.fail);
    else set(null);
    return () => {
      current = false;
    };
  }, keys);
  return value;
}

/** As `usePromise`, but while an answer is under way only the latest question waits: for what is dragged. */
export function useLatest<T>(make: () => Promise<T> | null, keys: unknown[]): T | null {
  const page = usePage();
  const [value, set] = useState<T | null>(null);
  const alive = useRef(true);
  const ask = useMemo(
    () =>
      latest(
        (work: () => Promise<T>) => work(),
        (result: T) => alive.current && set(result),
        page.fail,
      ),
    [],
  );
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  useLayoutEffect(() => ask(async () => (await make()) as T), keys);
  return value;
}

export const n = (value: number): string => value.toLocaleString("en");

/** A date as text, to the minute, or to the day at midnight. */
export const dateText = (text: string): string =>
  text
    .replace("T", " ")
    .slice(0, 16)
    .replace(/ 00:00$/, "");

/** A number in as few digits as tell it. */
export function brief(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1).replace("e+", "e");
  return `${+value.toPrecision(size >= 1000 ? 6 : 3)}`.replace("-", "−");
}
