/** From a decoder's numbers to values in the user's units. */
import type { Numbers } from "./decoder";
import { pngOf } from "./sheet";
import type { Cell, Value } from "./types";

interface Bins {
  count: number;
  rim: number;
  parts: number;
  knots: number[][];
  units: (number | null)[];
}

export interface Column {
  kind: string;
  at: number;
  scale?: number;
  offset?: number;
  bins?: Bins;
  start?: number;
  stop?: number;
  categories?: Cell[];
}

export type Units =
  | { kind: "pixels"; height: number; width: number; channels: number }
  | { kind: "signal"; channels: number; window: number; scale: number[]; offset: number[] }
  | { kind: "table"; columns: Column[] };

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);

function unbinned(x: number, { count, rim, parts, knots, units }: Bins): number {
  const t = clamp(x) * count;
  const bin = Math.min(Math.floor(t), count - 1);
  const s = clamp((t - bin - rim) / (1 - 2 * rim)) * parts;
  const part = Math.min(Math.floor(s), parts - 1);
  const value = knots[bin][part] + (knots[bin][part + 1] - knots[bin][part]) * (s - part);
  const unit = units[bin];
  if (!unit) return value;
  return unit >= 1 ? Math.round(value / unit) * unit : Math.round(value * Math.round(1 / unit)) / Math.round(1 / unit);
}

function cell(x: Numbers, column: Column): Cell {
  if (column.kind === "empty") return null;
  if (column.kind === "category") {
    const likely = x.slice(column.start, column.stop);
    return (column.categories as Cell[])[likely.indexOf(Math.max(...likely))];
  }
  const raw = x[column.at];
  const value = column.bins ? unbinned(raw, column.bins) : raw * (column.scale ?? 1) + (column.offset ?? 0);
  if (column.kind === "integer") return Math.round(value);
  if (column.kind === "boolean") return value >= 0.5;
  return column.kind === "date" ? new Date(1000 * value).toISOString().slice(0, 19) : value;
}

/** Channels first in, channels last and within [0, 1] out. */
export function pixelsOf(x: Numbers, height: number, width: number, channels: number): Float32Array {
  const size = height * width;
  return Float32Array.from({ length: size * channels }, (_, i) =>
    clamp(x[(i % channels) * size + Math.floor(i / channels)]),
  );
}

export function valueOf(x: Numbers, units: Units): Value {
  if (units.kind === "table") return { cells: units.columns.map((column) => cell(x, column)) };
  if (units.kind === "pixels") {
    const { height, width, channels } = units;
    return { png: pngOf(pixelsOf(x, height, width, channels), height, width, channels) };
  }
  const { channels, window, scale, offset } = units;
  return {
    curve: Array.from({ length: channels }, (_, c) =>
      Array.from(x.slice(c * window, (c + 1) * window), (value) => value * scale[c] + offset[c]),
    ),
  };
}
