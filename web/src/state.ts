/** What a person looks at. All of it lives in the URL, so that a view can be shared. */
import type { Point } from "./types";

export type Tool = "look" | "lasso" | "walk";
export type Tab = "" | "example" | "restore" | "compress" | "walk" | "generate" | "draw" | "anomalies";

export interface View {
  model: number;
  versus: number;
  map: string;
  x: number;
  y: number;
  colour: string;
  hidden: number[];
  at: [number, number, number];
  tool: Tool;
  tab: Tab;
  point: number;
  edits: number[];
  cursor: number[];
  /** On the map beside the first. */
  cursorBeside: number[];
  grid: boolean;
  to: number;
  step: number;
  lasso: number[];
  side: number;
  groupA: number[];
  groupB: number[];
  strength: number;
  seed: number;
  warmth: number;
  noise: number;
  erase: number;
  /** How far a denoiser is followed, from before to after. */
  amount: number;
  /** Up to which fraction of its width an image is shown as it was before. */
  wipe: number;
  /** Pixels of the screen for one of an image; 0: it is shown whole. */
  zoom: number;
  /** Of compressed images, from 0 to 100. */
  quality: number;
  /** The codec that is compared with the model, or "original". */
  codec: string;
  threshold: number;
  search: string;
}

/** −1 and NaN stand for none, as an empty list does. */
export const blank: View = {
  model: 0,
  versus: -1,
  map: "",
  x: 0,
  y: 1,
  colour: "",
  hidden: [],
  at: [0, 0, 1],
  tool: "look",
  tab: "",
  point: -1,
  edits: [],
  cursor: [],
  cursorBeside: [],
  grid: false,
  to: -1,
  step: 0,
  lasso: [],
  side: 0,
  groupA: [],
  groupB: [],
  strength: 1,
  seed: 0,
  warmth: 1,
  noise: 0,
  erase: 0,
  amount: 1,
  wipe: 0.5,
  zoom: 0,
  quality: 75,
  codec: "JPEG",
  threshold: NaN,
  search: "",
};

/** Where the cursor of a map is kept, the first or the one beside it. */
export const cursorKey = (side: number): "cursor" | "cursorBeside" => (side === 1 ? "cursorBeside" : "cursor");

const short = (number: number): string => `${+number.toPrecision(5)}`;

function written(value: View[keyof View]): string {
  if (Array.isArray(value)) return value.map(short).join(",");
  return typeof value === "number" ? short(value) : `${value}`;
}

function understood(text: string, like: View[keyof View]): View[keyof View] | undefined {
  if (typeof like === "string") return text;
  if (typeof like === "boolean") return text === "true";
  const numbers = text === "" ? [] : text.split(",").map(Number);
  if (numbers.some((each) => !Number.isFinite(each))) return undefined;
  if (!Array.isArray(like)) return numbers[0];
  return like.length && numbers.length !== like.length ? undefined : (numbers as Point);
}

/** The hash that stands for a view; what is as always is left out. */
export function toHash(view: View): string {
  const fields = new URLSearchParams();
  for (const key of Object.keys(blank) as (keyof View)[]) {
    const text = written(view[key]);
    if (text !== written(blank[key])) fields.set(key, text);
  }
  return fields.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** The view that a hash stands for; what it says in vain is left out. */
export function fromHash(hash: string): View {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const view: Record<string, unknown> = { ...blank };
  for (const key of Object.keys(blank) as (keyof View)[]) {
    const value = fields.has(key) ? understood(fields.get(key) as string, blank[key]) : undefined;
    if (value !== undefined) view[key] = value;
  }
  return view as unknown as View;
}

/** The view, who listens to it, and the URL that follows it. */
export class Store {
  view: View;
  private listeners = new Set<() => void>();
  private timer = 0;

  constructor() {
    this.view = fromHash(location.hash);
    addEventListener("hashchange", () => {
      if (location.hash.slice(1) === toHash(this.view)) return;
      this.view = fromHash(location.hash);
      this.tell();
    });
  }

  /** Change the view. Quietly: only the URL follows (the camera moves at every frame). */
  set(change: Partial<View>, quietly = false): void {
    this.view = { ...this.view, ...change };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(null, "", `#${toHash(this.view)}`), 150) as unknown as number;
    if (!quietly) this.tell();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** A list of numbers x, y, x, y … as points. */
export function points(flat: number[]): Point[] {
  return Array.from({ length: flat.length >> 1 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}
