import assert from "node:assert/strict";
import { test } from "node:test";
import { type Kept, Local } from "../src/local";

const packed = (numbers: number[], width: number) => ({
  dtype: "float32",
  shape: [numbers.length / width, width],
  data: Buffer.from(Float32Array.from(numbers).buffer).toString("base64"),
});

function local(codes: number[]): Local {
  const kept = { codes: packed(codes, 2), errors: packed([0], 1), scores: null, excess: null, maps: {}, decoder: null };
  return new Local(kept as unknown as Kept);
}

const chart = { map: "codes", x: 0, y: 1 };
const line = Array.from({ length: 1000 }, (_, i) => [i / 999, 0.5]).flat();

test("the map of two code numbers fills the square", () => {
  const xy = local(line).positions(chart);
  assert.deepEqual([xy[0], xy[1], xy[1998]], [-1, 0, 1]);
});

test("a point far out does not press the others together, and every place leads back to its code", () => {
  const far = local([...line, 500, 0.5]);
  const xy = far.positions(chart);
  assert.ok(xy[0] < -0.99 && xy[0] > -1.01 && xy[2000] > 900);
  const [x, y] = far.invert([xy[2000], xy[2001]], chart, null);
  assert.ok(Math.abs(x - 500) < 0.01 && Math.abs(y - 0.5) < 1e-6);
});
