/** A value as a small drawing on a canvas: a picture, a curve, or a row's numbers as bars. */
import { category } from "./palette";
import { type Curve, ranges, strokes } from "./lanes";
import type { About, Cell, Field, Value } from "./types";

export type Glyph = HTMLImageElement | Value;

/** Something that can be drawn at once: of a picture, the loaded image. */
export async function glyph(value: Value): Promise<Glyph> {
  if (!("png" in value)) return value;
  const image = new Image();
  image.src = value.png;
  await image.decode();
  return image;
}

/** The share of a cell between the least and the greatest value that was learnt. */
export function share(cell: Cell, field: Field | undefined): number {
  if (cell === null || !field) return 0;
  const place = field.categories.findIndex((each) => `${each}` === `${cell}`);
  if (place >= 0) return (place + 1) / field.categories.length;
  const given = Number(cell);
  const number = Number.isFinite(given) ? given : Date.parse(`${cell}`) / 1000;
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
    context.fillStyle = category(i, night);
    context.fillRect(x, y + i * height, Math.max(w * share(cell, fields[i]), 1), Math.max(height - 0.5, 0.5));
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
    context.drawImage(drawn, x + (w - width) / 2, y + (h - height) / 2, width, height);
  } else if ("curve" in drawn) curves(context, drawn.curve, about, inner(box), night);
  else if ("cells" in drawn) bars(context, drawn.cells, about.fields, inner(box), night);
}

function inner([x, y, w, h]: Box): Box {
  return [x + w * 0.12, y + h * 0.12, w * 0.76, h * 0.76];
}
