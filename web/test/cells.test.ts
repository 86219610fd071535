import assert from "node:assert/strict";
import { test } from "node:test";
import { deviations, normalRange } from "../src/cells";
import type { Colour, Field } from "../src/types";

const field = (kind: string): Field => ({ name: "a", kind, shape: [], categories: [], low: 0, high: 1 });

test("a difference is in standard deviations of the column, and none where that says nothing", () => {
  assert.equal(deviations(1, 2.5, field("float"), 0.5), 3);
  assert.equal(deviations(4, 2, field("integer"), 2), -1);
  assert.equal(deviations("2020-01-02T00:00:00", "2020-01-01T00:00:00", field("date"), 86400), -1);
  assert.equal(deviations("2020-01-02", "2020-01-03T00:00:00", field("date"), 86400), 1);
  assert.deepEqual(
    [
      deviations(null, 1, field("float"), 1),
      deviations("x", "y", field("category"), 1),
      deviations(1, 2, field("float"), null),
    ],
    [null, null, null],
  );
});

test("the normal range of a column is that of its colours", () => {
  const colours = [{ id: "column:a", title: "a", kind: "number", low: 0, high: 86400 } as Colour];
  assert.deepEqual(normalRange(field("float"), colours), [0, 86400]);
  assert.deepEqual(normalRange(field("date"), colours), ["1970-01-01", "1970-01-02"]);
  assert.equal(normalRange(field("float"), []), null);
});
