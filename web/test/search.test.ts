import assert from "node:assert/strict";
import { test } from "node:test";
import { search } from "../src/finding";
import { normals } from "../src/random";
import type { About } from "../src/types";

const about = { n: 3, fields: [{ name: "size" }, { name: "town" }] } as unknown as About;
const cells = [
  [1, "Bern"],
  [5, "Rome"],
  [null, "Bergen"],
];
const hits = (text: string): number[] => search(text, about, (i) => ["x", "y", "y"][i], { cells }).indices;

test("an index, a comparison, an equality, a text, a label", () => {
  assert.deepEqual(
    [hits("1"), hits("size>2"), hits("town = bern"), hits("ber"), hits("label=y")],
    [[1], [1], [0], [0, 2], [1, 2]],
  );
});

test("normal draws have mean 0 and variance 1, and follow the seed", () => {
  const draw = normals(7);
  const drawn = Array.from({ length: 20000 }, draw);
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  const variance = drawn.reduce((sum, each) => sum + each ** 2, 0) / drawn.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04);
  assert.equal(normals(7)(), drawn[0]);
});
