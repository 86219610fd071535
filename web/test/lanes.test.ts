import assert from "node:assert/strict";
import { test } from "node:test";
import { farthest, ranges, strokes } from "../src/lanes";
import type { About } from "../src/types";

const about = (low: (number | null)[] | null, high: (number | null)[] | null) =>
  ({ signal: { window: 4, channels: ["a", "b"], low, high } }) as unknown as About;

test("a lane holds the normal range and all that is shown, each channel by itself", () => {
  const shown = [
    [
      [1, null, 9],
      [5, 5, 5],
    ],
  ];
  assert.deepEqual(ranges(shown, about([0, 200], [4, 300])), [
    [0, 9],
    [5, 300],
  ]);
  assert.deepEqual(ranges(shown, about(null, null)), [
    [1, 9],
    [4, 6],
  ]);
  assert.deepEqual(ranges([[[null], [null]]], about([null, null], [null, null])), [
    [0, 1],
    [0, 1],
  ]);
});

test("a curve is broken where values are missing", () => {
  const found = strokes([0, 10, null, 5, 10], [0, 10]);
  assert.deepEqual(found, [
    [
      [0, 1],
      [0.25, 0],
    ],
    [
      [0.75, 0.5],
      [1, 0],
    ],
  ]);
});

test("the largest difference is in standard deviations of its channel", () => {
  const scaled = { signal: { deviation: [1, 10] } } as unknown as About;
  const before = [
    [0, 1, null],
    [0, 0, 0],
  ];
  const after = [
    [0, 0, 9],
    [0, 5, -20],
  ];
  assert.deepEqual(farthest(before, after, scaled), { c: 1, t: 2, off: -2 });
  assert.equal(farthest([[null]], [[1]], scaled), null);
});
