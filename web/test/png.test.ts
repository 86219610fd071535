import assert from "node:assert/strict";
import { test } from "node:test";
import { pixelated, pngSize } from "../src/png";

/** The address of the beginning of a PNG. */
const address = (width: number, height: number): string => {
  const bytes = Buffer.alloc(60);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return `data:image/png;base64,${bytes.toString("base64")}`;
};

test("the size of a PNG says whether its pixels are shown as squares", () => {
  assert.deepEqual(pngSize(address(300, 7)), [300, 7]);
  assert.deepEqual([pixelated(address(48, 8)), pixelated(address(8, 49))], [true, false]);
});
