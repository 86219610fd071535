import assert from "node:assert/strict";
import { test } from "node:test";
import { type Packed, unpack } from "../src/arrays";
import { decoder, erf, type Op } from "../src/decoder";
import { valueOf } from "../src/units";

const pack = (values: number[]): Packed => ({
  dtype: "float32",
  shape: [values.length],
  data: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
});

const close = (found: ArrayLike<number>, wanted: number[]): void => {
  assert.equal(found.length, wanted.length);
  wanted.forEach((each, i) => assert.ok(Math.abs(found[i] - each) < 1e-6, `${found[i]} is not ${each}`));
};

test("arrays are unpacked with scale and offset by column", () => {
  const raw = Buffer.from(Int16Array.from([1, 2, -3, 4]).buffer).toString("base64");
  close(unpack({ dtype: "int16", shape: [2, 2], data: raw, scale: [2, 10], offset: [0, 1] }), [2, 21, -6, 41]);
});

test("the error function", () => close([erf(0), erf(0.5), erf(-1), erf(3)], [0, 0.5204999, -0.8427008, 0.9999779]));

test("a linear layer, an activation and a skip", () => {
  const ops: Op[] = [
    { op: "linear", of: [0], weight: pack([1, 2, 3, 4]), bias: pack([0, -20]) },
    { op: "relu", of: [1] },
    { op: "add", of: [2, 0] },
    { op: "affine", of: [3], scale: 2, offset: 1 },
  ];
  close(decoder(ops, 4)([1, 2]), [13, 5]);
});

test("the other operations", () => {
  const run = (op: Partial<Op>, z: number[]): ArrayLike<number> => decoder([{ of: [0], ...op } as Op], 1)(z);
  close(run({ op: "layernorm", eps: 0 }, [1, 3]), [-1, 1]);
  close(run({ op: "gelu" }, [1, -1]), [0.8413447, -0.1586553]);
  close(run({ op: "silu" }, [1]), [0.7310586]);
  close(run({ op: "softmax" }, [1000, 1000]), [0.5, 0.5]);
  close(run({ op: "clip", low: 0, high: null }, [-1, 7]), [0, 7]);
  close(run({ op: "slice", start: 1, stop: 3 }, [1, 2, 3, 4]), [2, 3]);
  close(run({ op: "concat", of: [0, 0] }, [1, 2]), [1, 2, 1, 2]);
  close(run({ op: "mul", of: [0, 0] }, [3]), [9]);
  close(run({ op: "const", of: [], values: pack([5]) }, [3]), [5]);
  assert.throws(() => run({ op: "fft" }, [1]), /"fft"/);
});

test("cells in the user's units", () => {
  const columns = [
    { kind: "float", at: 0, scale: 10, offset: 1 },
    { kind: "integer", at: 0, scale: 10, offset: 0.8 },
    { kind: "boolean", at: 1, scale: 1, offset: 0 },
    { kind: "date", at: 1, scale: 0, offset: 86400 },
    { kind: "category", at: 0, start: 2, stop: 4, categories: ["north", "south"] },
    { kind: "empty", at: 0 },
    {
      kind: "float",
      at: 0,
      bins: {
        count: 2,
        rim: 0,
        parts: 1,
        knots: [
          [0, 10],
          [10, 30],
        ],
        units: [null, 5],
      },
    },
  ];
  const { cells } = valueOf(Float64Array.from([0.8, 0.4, 0.1, 0.9]), { kind: "table", columns }) as {
    cells: unknown[];
  };
  assert.deepEqual(cells, [9, 9, false, "1970-01-02T00:00:00", "south", null, 20]);
});

test("curves in the user's units", () => {
  const units = { kind: "signal" as const, channels: 2, window: 2, scale: [1, 10], offset: [0, 1] };
  assert.deepEqual(valueOf(Float64Array.from([1, 2, 3, 4]), units), {
    curve: [
      [1, 2],
      [31, 41],
    ],
  });
});
