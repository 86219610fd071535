/** Windows of a signal: a lane for each channel, over the range that it usually has. */
import type { About } from "./types";

export type Curve = (number | null)[];
export type Range = [number, number];

/** From where to where the lane of each channel goes: the normal range, and all that is shown. */
export function ranges(windows: Curve[][], about: About): Range[] {
  const { low, high } = about.signal ?? {};
  return windows[0].map((_, c) => {
    let [from, to] = [low?.[c] ?? Infinity, high?.[c] ?? -Infinity];
    for (const window of windows)
      for (const value of window[c]) if (value !== null) [from, to] = [Math.min(from, value), Math.max(to, value)];
    return from < to ? [from, to] : Number.isFinite(from) ? [from - 1, to + 1] : [0, 1];
  });
}

/** Where one window is farthest from another, in standard deviations of the channel; null where neither has a value. */
export function farthest(before: Curve[], after: Curve[], about: About): { c: number; t: number; off: number } | null {
  let best: { c: number; t: number; off: number } | null = null;
  before.forEach((channel, c) =>
    channel.forEach((value, t) => {
      const other = after[c][t];
      if (value === null || other === null) return;
      const off = (other - value) / (about.signal?.deviation[c] ?? 1);
      if (!best || Math.abs(off) > Math.abs(best.off)) best = { c, t, off };
    }),
  );
  return best;
}

/** The strokes of a curve, each point as fractions of the lane from its left and its top; a gap is left where values are missing. */
export function strokes(curve: Curve, [low, high]: Range): [number, number][][] {
  const lines: [number, number][][] = [];
  let open = false;
  curve.forEach((value, i) => {
    if (value !== null) {
      if (!open) lines.push([]);
      lines[lines.length - 1].push([i / (curve.length - 1 || 1), (high - value) / (high - low)]);
    }
    open = value !== null;
  });
  return lines;
}
