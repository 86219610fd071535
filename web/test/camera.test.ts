import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera, nearest, sighted, thinned, towards, within } from "../src/camera";

const xy = Float32Array.from([0, 0, 0.5, 0, 0, 0.5, -0.5, -0.5]);

test("screen and map are each other's inverse, wherever the camera is", () => {
  const camera = new Camera(0.3, -0.2, 2.5, 800, 600);
  camera.magnify(1.7, 100, 50);
  camera.pan(13, -7);
  const [x, y] = camera.toMap(...camera.toScreen(0.4, 0.9));
  assert.ok(Math.abs(x - 0.4) < 1e-12 && Math.abs(y - 0.9) < 1e-12);
});

test("what is under the pointer stays there in zooming", () => {
  const camera = new Camera(0, 0, 1, 800, 600);
  const before = camera.toMap(100, 50);
  camera.magnify(3, 100, 50);
  const after = camera.toMap(100, 50);
  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) < 1e-12);
});

test("all points are shown, also those far out", () => {
  const camera = new Camera(0.3, 0.2, 7, 800, 600);
  camera.fit(xy);
  assert.deepEqual([camera.x, camera.y, camera.zoom], [0, 0, 1]);
  const far = Float32Array.from([0, 0, -1, 1, 30, 12]);
  assert.ok(!camera.sees(30, 12));
  camera.fit(far);
  for (let at = 0; at < far.length; at += 2) assert.ok(camera.sees(far[at], far[at + 1]));
});

test("the nearest point within reach that is shown", () => {
  assert.equal(nearest(xy, 0.4, 0, 0.2), 1);
  assert.equal(nearest(xy, 0.4, 0, 0.05), -1);
  assert.equal(nearest(xy, 0.4, 0, 1, Uint8Array.from([1, 0, 1, 1])), 0);
});

test("arrow keys go to what lies ahead, or stay", () => {
  assert.equal(towards(xy, 0, 1, 0), 1);
  assert.equal(towards(xy, 0, 0, 1), 2);
  assert.equal(towards(xy, 1, 1, 0), 1);
});

test("a lasso holds what is within", () => {
  assert.deepEqual(within(xy, [-0.1, -0.1, 0.6, -0.1, 0.6, 0.1, -0.1, 0.1]), [0, 1]);
  assert.deepEqual(within(xy, [0, 0, 1, 1]), []);
});

test("points in sight are counted", () => {
  const camera = new Camera(0, 0, 1, 100, 100);
  assert.equal(sighted(xy, camera), 4);
  camera.zoom = 8;
  assert.equal(sighted(xy, camera), 1);
});

test("a long path keeps so many corners", () => {
  const path = Array.from({ length: 400 }, (_, i) => i);
  assert.equal(thinned(path, 48).length, 96);
  assert.equal(thinned(path, 500), path);
});
