/** One model of an exported page: its codes, where they lie on maps, and its decoder where it has one. */
import { type Packed, unpack } from "./arrays";
import { decoder, type Numbers, type Op } from "./decoder";
import type { Gallery } from "./gallery";
import type { Chart, Code, Flagged, Near, Point, Scores, Value } from "./types";
import { type Units, valueOf } from "./units";

/** Units of the code = units of the map / scale + offset. */
interface Layout {
  positions: Packed;
  offset: Point;
  scale: number;
  mean?: number[];
  axes?: number[][];
}

export interface Kept {
  codes: Packed;
  maps: Record<string, Layout>;
  errors: Packed;
  scores: Packed | null;
  excess: Packed | null;
  threshold: number | null;
  hist: Scores;
  anomalies: Flagged;
  prior: { mean: number[]; factor: number[][] } | null;
  /** Of all examples, where there is no decoder. */
  reconstructions: Gallery | null;
  decoder: { input: number; ops: Op[]; result: number; value: Units } | null;
}

/** As `Frame` on the Python side: the fraction of numbers that may lie outside, and how much smaller it must be without them. */
const [few, far] = [0.002, 2.5];

export class Local {
  readonly d: number;
  readonly codes: Float32Array;
  readonly errors: Float32Array;
  readonly scores: Float32Array | null;
  readonly excess: Float32Array | null;
  private spans = new Map<string, Layout>();
  private run: ((z: ArrayLike<number>) => Numbers) | null;

  constructor(readonly kept: Kept) {
    this.codes = unpack(kept.codes);
    this.d = kept.codes.shape[1];
    this.errors = unpack(kept.errors);
    this.scores = kept.scores && unpack(kept.scores);
    this.excess = kept.excess && unpack(kept.excess);
    this.run = kept.decoder && decoder(kept.decoder.ops, kept.decoder.result);
  }

  code(index: number): Code {
    return Array.from(this.codes.subarray(index * this.d, (index + 1) * this.d));
  }

  decode(z: Code): Value {
    if (!this.run || !this.kept.decoder) throw new Error("this page has no decoder; it needs isthmus explore");
    return valueOf(this.run(z), this.kept.decoder.value);
  }

  mean(indices?: number[]): Code {
    const sum = new Array<number>(this.d).fill(0);
    const count = indices?.length ?? this.errors.length;
    for (let i = 0; i < count; i++) {
      const at = (indices ? indices[i] : i) * this.d;
      for (let k = 0; k < this.d; k++) sum[k] += this.codes[at + k] / count;
    }
    return sum;
  }

  neighbours(code: Code, count: number, but: number): Near[] {
    const all: Near[] = [];
    for (let index = 0, at = 0; at < this.codes.length; index++) {
      let square = 0;
      for (let k = 0; k < this.d; k++) square += (this.codes[at++] - code[k]) ** 2;
      if (index !== but) all.push({ index, distance: Math.sqrt(square) });
    }
    return all.sort((a, b) => a.distance - b.distance).slice(0, count);
  }

  /** Where codes lie on a map; null where the map has no formula. */
  position(code: Code, { map, x, y }: Chart): Point | null {
    const layout = this.layout({ map, x, y });
    if (map === "umap") return null;
    const axes = layout.axes;
    const raw = axes
      ? axes.map((axis) => axis.reduce((sum, each, k) => sum + each * (code[k] - (layout.mean?.[k] ?? 0)), 0))
      : [code[x], code[y]];
    const flat = this.d === 1 ? [raw[0], 0] : raw;
    return [(flat[0] - layout.offset[0]) * layout.scale, (flat[1] - layout.offset[1]) * layout.scale];
  }

  positions(chart: Chart): Float32Array {
    if (chart.map !== "codes") return unpack(this.kept.maps[chart.map].positions);
    const n = this.codes.length / this.d;
    const spots = Array.from({ length: n }, (_, i) => this.position(this.code(i), chart) as Point);
    return Float32Array.from(spots.flat());
  }

  /** The code that a point of a map stands for. */
  invert([px, py]: Point, chart: Chart, code: Code | null): Code {
    const layout = this.layout(chart);
    const [a, b] = [px / layout.scale + layout.offset[0], py / layout.scale + layout.offset[1]];
    if (chart.map === "umap") return this.between(px, py, layout);
    if (layout.axes)
      return (layout.mean ?? []).map(
        (each, k) => each + a * (layout.axes?.[0][k] ?? 0) + b * (layout.axes?.[1]?.[k] ?? 0),
      );
    const z = [...(code ?? this.mean())];
    z[chart.x] = a;
    if (this.d > 1) z[chart.y] = b;
    return z;
  }

  private between(px: number, py: number, layout: Layout): Code {
    const xy = unpack(layout.positions);
    const near = Array.from({ length: xy.length / 2 }, (_, i) => ({
      i,
      far: Math.hypot(xy[2 * i] - px, xy[2 * i + 1] - py),
    }));
    const closest = near.sort((a, b) => a.far - b.far).slice(0, 8);
    const total = closest.reduce((sum, { far }) => sum + 1 / (far + 1e-6), 0);
    const z = new Array<number>(this.d).fill(0);
    for (const { i, far } of closest) this.code(i).forEach((each, k) => (z[k] += each / (far + 1e-6) / total));
    return z;
  }

  private layout(chart: Chart): Layout {
    return chart.map === "codes" ? this.span(chart) : this.kept.maps[chart.map];
  }

  /** The map of two code numbers: all of them fill [−1, 1] on its longer side; where a few lie far out, most of them. */
  private span({ x, y }: Chart): Layout {
    const key = `${x} ${y}`;
    const layout = this.spans.get(key) ?? this.framed(this.d === 1 ? [x] : [x, y]);
    this.spans.set(key, layout);
    return layout;
  }

  private framed(numbers: number[]): Layout {
    const sorted = numbers.map((k) => this.codes.filter((_, at) => at % this.d === k).sort());
    const [all, most] = [0, few].map((fraction) =>
      sorted.map((each) => [quantile(each, fraction), quantile(each, 1 - fraction)]),
    );
    const reach = (ends: number[][]): number => Math.max(...ends.map(([low, high]) => high - low));
    const ends = reach(most) > 0 && far * reach(most) < reach(all) ? most : all;
    const [middle, other] = ends.map(([low, high]) => (low + high) / 2);
    return { positions: this.kept.codes, offset: [middle, other ?? 0], scale: 2 / (reach(ends) || 1) };
  }
}

/** Of sorted numbers. */
function quantile(sorted: Float32Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}
