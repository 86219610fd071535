import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../src/csv";

test("cells are quoted, gaps are empty, and no cell is a formula", async () => {
  const cells = [
    [1.5, "=1+1", null],
    [-2, 'a "b", c', "-x"],
  ];
  const text = await csv(["n", "@a", "b"], [1, 0], (i) => cells[i]).text();
  assert.equal(text, `n,'@a,b\n-2,"a ""b"", c",'-x\n1.5,'=1+1,\n`);
});
