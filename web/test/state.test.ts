import assert from "node:assert/strict";
import { test } from "node:test";
import { blank, fromHash, toHash } from "../src/state";

test("a view comes back from its address", () => {
  const view = {
    ...blank,
    map: "pca",
    at: [0.25, -1, 3] as [number, number, number],
    lasso: [0, 0, 1, 0, 1, 1],
    grid: true,
    threshold: 0.5,
    search: "a=b&c",
  };
  assert.deepEqual(fromHash(`#${toHash(view)}`), view);
});

test("what is as always is left out", () => assert.equal(toHash(blank), ""));

test("what an address says in vain is left out", () => {
  assert.deepEqual(fromHash("#point=x&at=1,2&nonsense=3&step=1,2"), { ...blank, step: 1 });
});
