import assert from "node:assert/strict";
import { test } from "node:test";
import { category, distinct, emphasized, missing, scale } from "../src/palette";

test("forty categories have a colour each, by day and by night, and none is that of missing values", () => {
  for (const night of [false, true]) {
    const colours = Array.from({ length: 40 }, (_, i) => category(i, night));
    assert.equal(new Set([...colours, missing(night)]).size, 41);
    assert.equal(category(distinct, night), colours[0]);
  }
});

test("of emphasized colours one stays", () => {
  const colours = emphasized(scale(12, false), 3, false);
  assert.deepEqual(
    colours.map((each) => each === missing(false)),
    Array.from({ length: 13 }, (_, i) => i !== 3),
  );
});
