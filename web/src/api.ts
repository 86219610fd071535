/** The source that asks the server which sent the page. */
import type { About, Chart, Colour, Example, Source, Value } from "./types";

async function ask(path: string, body?: unknown): Promise<Response> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return answer(path, body === undefined ? undefined : post);
}

async function answer(path: string, request?: RequestInit): Promise<Response> {
  const reply = await fetch(`api/${path}`, request);
  if (reply.ok) return reply;
  const said = await reply.json().catch(() => null);
  throw new Error(said?.error?.message ?? `the server answered ${reply.status}`);
}

async function json<T>(path: string, body?: unknown): Promise<T> {
  return (await (await ask(path, body)).json()) as T;
}

const query = (fields: Record<string, string | number>): string =>
  `?${new URLSearchParams(Object.entries(fields).map(([key, value]) => [key, `${value}`]))}`;

export const server: Source = {
  live: true,
  about: () => json<About>("state"),

  async map(model, { map, x, y }) {
    const reply = await ask(`models/${model}/map/${map}${query({ x, y })}`);
    return reply.status === 202 ? reply.json() : new Float32Array(await reply.arrayBuffer());
  },

  async colour(colour: Colour) {
    const reply = await ask(`colours/${encodeURIComponent(colour.id)}`);
    const buffer = await reply.arrayBuffer();
    if (colour.kind === "category") return { values: new Uint16Array(buffer), low: 0, high: 0 };
    const [low, high] = JSON.parse(reply.headers.get("X-Range") ?? "[0, 1]");
    return { values: new Float32Array(buffer), low, high };
  },

  example: (model, index, map) => json<Example>(`models/${model}/examples/${index}${query({ map })}`),

  async values(indices) {
    if (!indices.length) return [];
    return (await json<{ values: Value[] }>(`examples/values${query({ index: indices.join(",") })}`)).values;
  },

  decode: async (model, z) => (await json<{ values: Value[] }>(`models/${model}/decode`, { z })).values,

  walk: (model, chart, points, code) => json(`models/${model}/walk`, { ...chart, points, code }),

  async grid(model, chart: Chart, bounds, columns, rows) {
    const body = { ...chart, bounds, columns, rows };
    return (await json<{ values: Value[] }>(`models/${model}/grid`, body)).values;
  },

  interpolate: (model, chart, from, to, steps) => json(`models/${model}/interpolate`, { ...chart, from, to, steps }),

  direction: async (model, from, to) =>
    (await json<{ direction: number[] }>(`models/${model}/direction`, { from, to })).direction,

  sample: (model, chart, n, seed, temperature) => json(`models/${model}/sample`, { ...chart, n, seed, temperature }),

  encode: (model, chart, asked) => json(`models/${model}/encode`, { ...chart, ...asked }),

  async file(model, file) {
    const post = { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file };
    return (await (await answer(`models/${model}/files${query({ name: file.name })}`, post)).json()).file;
  },

  restore: (model, asked) => json(`models/${model}/restore`, asked),

  compress: (model, asked) => json(`models/${model}/compress`, asked),

  scores: (model) => json(`models/${model}/scores`),

  anomalies: (model, threshold, limit) => json(`models/${model}/anomalies${query({ threshold, limit })}`),

  search: (q) => json(`search${query({ q, limit: 200 })}`),

  flaggedRows: async (model, threshold) => (await ask(`models/${model}/anomalies.csv${query({ threshold })}`)).blob(),

  rows: async (indices) => (await ask("selection.csv", { indices })).blob(),
};
