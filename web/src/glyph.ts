/** A value as a small drawing on a canvas: an image, a curve, or a row's numbers as bars. */
import { category, muted } from "./palette";
import { type Curve, ranges, strokes } from "./lanes";
import { pixelated } from "./png";
import type { About, Cell, Field, Value } from "./types";

export type Glyph = HTMLImageElement | Value;

/** Something that can be drawn at once: of an image, the loaded image. */
export async function glyph(value: Value): Promise<Glyph> {
  if (!("png" in value)) return value;
  const image = new Image();
  image.src = value.png;
  await image.decode();
  return image;
}

/** Where a cell lies, as a fraction, between the least and the greatest value that was learnt. */
export function fraction(cell: Cell, field: Field | undefined): number {
  if (cell === null || !field) return 0;
  const index = field.categories.findIndex((each) => `${each}` === `${cell}`);
  if (index >= 0) return (index + 1) / field.categories.length;
  const plain = Number(cell);
  const number = Number.isFinite(plain) ? plain : Date.parse(`${cell}`) / 1000;
  const [low, high] = [field.low ?? 0, field.high ?? 1];
  return Number.isFinite(number) ? Math.min(Math.max((number - low) / (high - low || 1), 0), 1) : 0;
}

type Box = [number, number, number, number];

function curves(context: CanvasRenderingContext2D, window: Curve[], about: About, box: Box, night: boolean): void {
  const [x, y, w, h] = box;
  const lane = h / window.length;
  ranges([window], about).forEach((bounds, c) => {
    context.strokeStyle = category(c + 2, night);
    context.beginPath();
    for (const stroke of strokes(window[c], bounds))
      stroke.forEach(([across, down], i) => {
        const [px, py] = [x + w * across, y + lane * (c + down)];
        if (i) context.lineTo(px, py);
        else context.moveTo(px, py);
      });
    context.stroke();
  });
}

function bars(
  context: CanvasRenderingContext2D,
  cells: Cell[],
  fields: Field[],
  [x, y, w, h]: Box,
  night: boolean,
): void {
  const height = h / cells.length;
  cells.forEach((cell, i) => {
    context.fillStyle = category(i % muted, night);
    context.fillRect(x, y + i * height, Math.max(w * fraction(cell, fields[i]), 1), Math.max(height - 0.5, 0.5));
  });
}

export function drawGlyph(
  context: CanvasRenderingContext2D,
  drawn: Glyph,
  box: Box,
  about: About,
  night: boolean,
): void {
  if (drawn instanceof HTMLImageElement) {
    const [x, y, w, h] = box;
    const fit = Math.min(w / drawn.width, h / drawn.height);
    const [width, height] = [drawn.width * fit, drawn.height * fit];
    context.imageSmoothingEnabled = !pixelated(drawn.src);
    context.drawImage(drawn, x + (w - width) / 2, y + (h - height) / 2, width, height);
  } else if ("curve" in drawn) curves(context, drawn.curve, about, inner(box), night);
  else if ("cells" in drawn) bars(context, drawn.cells, about.fields, inner(box), night);
}

function inner([x, y, w, h]: Box): Box {
  return [x + w * 0.12, y + h * 0.12, w * 0.76, h * 0.76];
}
