/** The source of a page that was exported: all it knows lies in the file, and the decoder runs here. */
import { type Packed, unpack } from "./arrays";
import { type Op, decoder, type Numbers } from "./decoder";
import { found } from "./finding";
import { difference, type Gallery, gallery } from "./gallery";
import { normals } from "./random";
import type { About, Cell, Chart, Code, Colour, Colouring, Example, Flagged, Near, Placed, Point, Scores, Source, Value } from "./types";
import { type Units, valueOf } from "./units";

/** Units of the code = units of the map / scale + offset. */
interface Layout {
  positions: Packed;
  offset: Point;
  scale: number;
  mean?: number[];
  axes?: number[][];
}

interface Kept {
  codes: Packed;
  maps: Record<string, Layout>;
  errors: Packed;
  scores: Packed | null;
  threshold: number | null;
  hist: Scores;
  anomalies: Flagged;
  prior: { mean: number[]; factor: number[][] } | null;
  decoder: { input: number; ops: Op[]; result: number; value: Units } | null;
}

export interface Exported {
  version: number;
  state: About;
  colours: Record<string, Packed>;
  values: Gallery | null;
  models: Kept[];
}

/** One model of the page: its codes, and its decoder where it has one. */
class Local {
  readonly d: number;
  readonly codes: Float32Array;
  readonly errors: Float32Array;
  readonly scores: Float32Array | null;
  private run: ((z: ArrayLike<number>) => Numbers) | null;

  constructor(readonly kept: Kept) {
    this.codes = unpack(kept.codes);
    this.d = kept.codes.shape[1];
    this.errors = unpack(kept.errors);
    this.scores = kept.scores && unpack(kept.scores);
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
    const raw = axes ? axes.map((axis) => axis.reduce((sum, each, k) => sum + each * (code[k] - (layout.mean?.[k] ?? 0)), 0)) : [code[x], code[y]];
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
    if (layout.axes) return (layout.mean ?? []).map((each, k) => each + a * (layout.axes?.[0][k] ?? 0) + b * (layout.axes?.[1]?.[k] ?? 0));
    const z = [...(code ?? this.mean())];
    z[chart.x] = a;
    if (this.d > 1) z[chart.y] = b;
    return z;
  }

  private between(px: number, py: number, layout: Layout): Code {
    const xy = unpack(layout.positions);
    const near = Array.from({ length: xy.length / 2 }, (_, i) => ({ i, far: Math.hypot(xy[2 * i] - px, xy[2 * i + 1] - py) }));
    const closest = near.sort((a, b) => a.far - b.far).slice(0, 8);
    const total = closest.reduce((sum, { far }) => sum + 1 / (far + 1e-6), 0);
    const z = new Array<number>(this.d).fill(0);
    for (const { i, far } of closest) this.code(i).forEach((each, k) => (z[k] += each / (far + 1e-6) / total));
    return z;
  }

  private layout(chart: Chart): Layout {
    return chart.map === "codes" ? this.span(chart) : this.kept.maps[chart.map];
  }

  /** The map of two code numbers fills [−1, 1] on its longer side. */
  private span({ x, y }: Chart): Layout {
    const ends = [x, y].map((k) => {
      let [low, high] = [Infinity, -Infinity];
      for (let at = k; at < this.codes.length; at += this.d) [low, high] = [Math.min(low, this.codes[at]), Math.max(high, this.codes[at])];
      return [low, high];
    });
    if (this.d === 1) ends[1] = [0, 0];
    const scale = 1 / (Math.max(...ends.map(([low, high]) => (high - low) / 2)) || 1);
    return { positions: this.kept.codes, offset: ends.map(([low, high]) => (low + high) / 2) as Point, scale };
  }
}

/** What lies in the page, or null: then there is a server. */
export function embedded(): Source | null {
  const text = document.getElementById("ISTHMUS_PAGE")?.textContent;
  if (!text) return null;
  const page = JSON.parse(text) as Exported;
  if (page.version !== 1) throw new Error(`it was exported in version ${page.version} of its format, and this reads version 1`);
  return source(page);
}

export function source(page: Exported): Source {
  const { state } = page;
  const locals = page.models.map((each) => new Local(each));
  const pictures = gallery(page.values, state);
  const labels = page.colours.label && unpack(page.colours.label);
  const names = state.colours.find((each) => each.id === "label")?.names;
  const label = (i: number): Cell => (!labels ? null : names ? (names[labels[i]] ?? null) : labels[i]);
  const noServer = async (): Promise<never> => {
    throw new Error("an exported page cannot do this; isthmus explore can");
  };
  const placed = (local: Local, chart: Chart, codes: Code[]): Placed => ({
    codes,
    values: codes.map((z) => local.decode(z)),
    positions: codes.map((z) => local.position(z, chart)),
  });
  const measure = (local: Local): Float32Array => local.scores ?? local.errors;
  const beyond = (local: Local, threshold: number): number[] =>
    Array.from(measure(local).keys()).filter((i) => measure(local)[i] > threshold);

  return {
    live: false,
    about: async () => state,
    map: async (model, chart) => locals[model].positions(chart),
    colour: async (colour: Colour): Promise<Colouring> => ({ values: unpack(page.colours[colour.id]), low: colour.low ?? 0, high: colour.high ?? 1 }),
    async example(model, index): Promise<Example> {
      const local = locals[model];
      const code = local.code(index);
      const original = pictures ? await pictures.value(index) : null;
      const reconstruction = original && state.models[model].decodes ? local.decode(code) : null;
      const score = local.scores?.[index] ?? null;
      const blame = original && reconstruction ? await difference(original, reconstruction, state.fields) : null;
      const flagged = score === null || local.kept.threshold === null ? null : score > local.kept.threshold;
      const neighbours = local.neighbours(code, 8, index);
      return { index, label: label(index), error: local.errors[index], score, flagged, original, reconstruction, blame, code, neighbours };
    },
    values: (indices) => Promise.all(indices.map((index) => pictures?.value(index) ?? Promise.resolve(null))),
    decode: async (model, codes) => codes.map((z) => locals[model].decode(z)),
    place: async (model, chart, points, code) => {
      const codes = points.map((point) => locals[model].invert(point, chart, code));
      return { codes, values: codes.map((z) => locals[model].decode(z)) };
    },
    async grid(model, chart, [x0, y0, x1, y1], columns, rows) {
      const spots = Array.from({ length: columns * rows }, (_, i): Point => [
        x0 + ((x1 - x0) * ((i % columns) + 0.5)) / columns,
        y0 + ((y1 - y0) * (Math.floor(i / columns) + 0.5)) / rows,
      ]);
      return spots.map((spot) => locals[model].decode(locals[model].invert(spot, chart, null)));
    },
    async interpolate(model, chart, from, to, steps) {
      const [a, b] = [locals[model].code(from), locals[model].code(to)];
      const codes = Array.from({ length: steps }, (_, i) => a.map((each, k) => each + ((b[k] - each) * i) / (steps - 1)));
      return placed(locals[model], chart, codes);
    },
    async direction(model, from, to) {
      const [a, b] = [locals[model].mean(from), locals[model].mean(to)];
      return b.map((each, k) => each - a[k]);
    },
    async sample(model, chart, n, seed, temperature) {
      const { prior } = locals[model].kept;
      if (!prior) return noServer();
      const draw = normals(seed);
      const codes = Array.from({ length: n }, () => {
        const noise = prior.mean.map(draw);
        return prior.mean.map((each, i) => each + temperature * prior.factor[i].reduce((sum, f, k) => sum + f * noise[k], 0));
      });
      return placed(locals[model], chart, codes);
    },
    encode: noServer,
    scores: async (model) => locals[model].kept.hist,
    async anomalies(model, threshold, limit) {
      const local = locals[model];
      const values = measure(local);
      const flagged = beyond(local, threshold).sort((a, b) => values[b] - values[a]);
      const known = new Map(local.kept.anomalies.rows.map((row) => [row.index, row.blame]));
      const rows = flagged.slice(0, limit).map((index) => ({ index, label: label(index), score: values[index], blame: known.get(index) ?? [] }));
      return { flagged: flagged.length, rows };
    },
    search: async (text) => found(text, state, label, page.values),
    flaggedRows: async (model, threshold) => csv(["index", "label", "score"], beyond(locals[model], threshold), (i) => [i, label(i), measure(locals[model])[i]]),
    async rows(indices) {
      const cells = page.values && "cells" in page.values ? page.values.cells : null;
      return csv(["index", "label", ...(cells ? state.fields.map((each) => each.name) : [])], indices, (i) => [i, label(i), ...(cells?.[i] ?? [])]);
    },
  };
}

function csv(heads: string[], indices: number[], row: (index: number) => Cell[]): Blob {
  const quoted = (cell: Cell): string => (cell === null ? "" : /[",\n]/.test(`${cell}`) ? `"${`${cell}`.replaceAll('"', '""')}"` : `${cell}`);
  const lines = [heads, ...indices.map(row)].map((cells) => cells.map(quoted).join(","));
  return new Blob([`${lines.join("\n")}\n`], { type: "text/csv" });
}
