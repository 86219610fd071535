/** What is drawn over the points: rings, lassos, the cursor, paths, the decoded grid. */
import type { Camera } from "./camera";
import { drawGlyph, type Glyph } from "./glyph";
import type { About, Point } from "./types";

export interface Tiles {
  bounds: number[];
  columns: number;
  rows: number;
  glyphs: Glyph[];
}

export interface Scene {
  xy: Float32Array;
  about: About;
  night: boolean;
  tiles: Tiles | null;
  marked: number[];
  selected: number[];
  lassos: { path: number[]; name: string }[];
  path: Point[];
  step: number;
  samples: Point[];
  drawn: Point | null;
  cursor: Point | null;
  hover: number;
  focus: number;
}

type Context = CanvasRenderingContext2D;

/** Draw the decoded grid; it lies under the points. */
export function paintTiles(context: Context, camera: Camera, { tiles, about, night }: Scene): void {
  context.clearRect(0, 0, camera.width, camera.height);
  if (!tiles) return;
  const [x0, y0, x1, y1] = tiles.bounds;
  const [left, top] = camera.toScreen(x0, y1);
  const [right, bottom] = camera.toScreen(x1, y0);
  const [w, h] = [(right - left) / tiles.columns, (bottom - top) / tiles.rows];
  tiles.glyphs.forEach((each, i) => {
    const [x, y] = [left + (i % tiles.columns) * w, bottom - (Math.floor(i / tiles.columns) + 1) * h];
    drawGlyph(context, each, [x + 1, y + 1, w - 2, h - 2], about, night);
  });
}

function polygon(context: Context, camera: Camera, path: number[], name: string, colour: string): void {
  if (path.length < 4) return;
  context.beginPath();
  for (let i = 0; i < path.length; i += 2) context.lineTo(...camera.toScreen(path[i], path[i + 1]));
  context.closePath();
  context.fillStyle = `${colour}1c`;
  context.fill();
  context.strokeStyle = colour;
  context.setLineDash([5, 3]);
  context.stroke();
  context.setLineDash([]);
  if (!name) return;
  const [x, y] = camera.toScreen(path[0], path[1]);
  context.fillStyle = colour;
  context.font = "600 14px system-ui, sans-serif";
  context.fillText(name, x + 6, y - 6);
}

function ring(context: Context, [x, y]: Point, radius: number, colour: string, width: number, back: string): void {
  for (const [stroke, line] of [
    [back, width + 2],
    [colour, width],
  ] as const) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = stroke;
    context.lineWidth = line;
    context.stroke();
  }
  context.lineWidth = 1.5;
}

function diamond(context: Context, [x, y]: Point, size: number, colour: string, back: string): void {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = back;
  context.fill();
  context.stroke();
}

function cross(context: Context, [x, y]: Point, colour: string, back: string): void {
  ring(context, [x, y], 10, colour, 2, back);
  context.strokeStyle = colour;
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    context.moveTo(x + 5 * dx, y + 5 * dy);
    context.lineTo(x + 17 * dx, y + 17 * dy);
  }
  context.stroke();
}

function trail(context: Context, camera: Camera, scene: Scene, colour: string, back: string): void {
  if (!scene.path.length) return;
  const spots = scene.path.map(([x, y]) => camera.toScreen(x, y));
  context.beginPath();
  spots.forEach((spot) => context.lineTo(...spot));
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.stroke();
  context.lineWidth = 1.5;
  spots.forEach((spot, i) => diamond(context, spot, i === scene.step ? 8 : 3, colour, back));
}

/** Draw a scene. The context's unit is a CSS pixel. */
export function paint(context: Context, camera: Camera, scene: Scene): void {
  const [ink, back] = scene.night ? ["#f2f0ea", "#11171a"] : ["#14262b", "#ffffff"];
  const [warm, cool] = scene.night ? ["#f7a05f", "#5cc4c4"] : ["#b9460f", "#0b6e70"];
  const at = (index: number): Point => camera.toScreen(scene.xy[2 * index], scene.xy[2 * index + 1]);
  const there = (index: number): boolean => index >= 0 && 2 * index < scene.xy.length;
  context.clearRect(0, 0, camera.width, camera.height);
  context.lineWidth = 1.5;
  context.fillStyle = ink;
  for (const index of scene.selected) {
    const [x, y] = at(index);
    context.fillRect(x - 1.5, y - 1.5, 3, 3);
  }
  for (const { path, name } of scene.lassos) polygon(context, camera, path, name, name === "B" ? warm : cool);
  for (const index of scene.marked) if (there(index)) ring(context, at(index), 6, warm, 1.5, back);
  trail(context, camera, scene, ink, back);
  for (const [x, y] of scene.samples) diamond(context, camera.toScreen(x, y), 6, warm, back);
  if (scene.drawn) diamond(context, camera.toScreen(...scene.drawn), 10, warm, back);
  if (there(scene.hover)) ring(context, at(scene.hover), 7, ink, 1.5, back);
  if (there(scene.focus)) ring(context, at(scene.focus), 9, cool, 3, back);
  if (scene.cursor) cross(context, camera.toScreen(...scene.cursor), warm, back);
}
