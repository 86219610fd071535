/** The examples of an exported page, and how far a reconstruction is off. */
import { type Packed, unpack } from "./arrays";
import { pngOf } from "./sheet";
import type { About, Blame, Cell, Field, Value } from "./types";

export type Gallery =
  | { sprite: { png: string; columns: number; width: number; height: number } }
  | { cells: Cell[][] }
  | { curves: Packed };

async function pixels(png: string): Promise<ImageData> {
  const image = new Image();
  image.src = png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function cut(sheet: HTMLImageElement, index: number, columns: number, width: number, height: number): string {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
  canvas.getContext("2d")?.drawImage(sheet, x, y, width, height, 0, 0, width, height);
  return canvas.toDataURL("image/png");
}

export function gallery(values: Gallery | null, about: About): { value(index: number): Promise<Value> } | null {
  if (!values || !about.examples) return null;
  if ("cells" in values) return { value: async (index) => ({ cells: values.cells[index] }) };
  if ("curves" in values) {
    const [, channels, window] = values.curves.shape;
    const flat = unpack(values.curves);
    const channel = (index: number, c: number): (number | null)[] => {
      const at = (index * channels + c) * window;
      return Array.from(flat.subarray(at, at + window), (each) => (Number.isNaN(each) ? null : each));
    };
    return { value: async (index) => ({ curve: Array.from({ length: channels }, (_, c) => channel(index, c)) }) };
  }
  const { png, columns, width, height } = values.sprite;
  const sheet = new Image();
  sheet.src = png;
  const loaded = sheet.decode();
  return {
    async value(index) {
      await loaded;
      return { png: cut(sheet, index, columns, width, height) };
    },
  };
}

/** Light where a reconstruction is right, warm where it is off. */
async function offPixels(a: string, b: string): Promise<Blame> {
  const [before, after] = await Promise.all([pixels(a), pixels(b)]);
  const { width, height } = before;
  const off = Array.from({ length: width * height }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += Math.abs(before.data[4 * i + c] - after.data[4 * i + c]);
    return sum / 765;
  });
  const most = Math.max(...off) || 1;
  const shaded = off.flatMap((each) => [1, 1 - 0.72 * (each / most), 1 - 0.94 * (each / most)]);
  return { png: pngOf(shaded, height, width, 3) };
}

function offCell(a: Cell, b: Cell, field: Field): number {
  if (a === null || b === null) return 0;
  if (field.kind === "category" || field.kind === "boolean") return `${a}` === `${b}` ? 0 : 1;
  const seconds = (cell: Cell): number => (field.kind === "date" ? Date.parse(`${cell}`) / 1000 : Number(cell));
  return Math.abs(seconds(a) - seconds(b)) / ((field.high ?? 1) - (field.low ?? 0) || 1);
}

export async function difference(before: Value, after: Value, fields: Field[]): Promise<Blame | null> {
  if ("png" in before && "png" in after) return offPixels(before.png, after.png);
  if ("cells" in before && "cells" in after)
    return { values: fields.map((field, i) => offCell(before.cells[i], after.cells[i], field)) };
  if ("curve" in before && "curve" in after) {
    return {
      curve: before.curve.map((channel, c) =>
        channel.map((each, t) => Math.abs((each ?? NaN) - (after.curve[c][t] ?? NaN)) || 0),
      ),
    };
  }
  return null;
}
