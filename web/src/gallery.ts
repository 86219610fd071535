/** The examples of an exported page, and their reconstructions where the page has no decoder. */
import { type Packed, unpack } from "./arrays";
import { addressOf } from "./sheet";
import type { About, Cell, Contributions, Value } from "./types";

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

const warm = [216, 82, 28];

/** Clear where a reconstruction is right, warm where it is off. */
async function offPixels(a: string, b: string): Promise<Contributions> {
  const [before, after] = await Promise.all([pixels(a), pixels(b)]);
  const { width, height } = before;
  const off = Array.from({ length: width * height }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += Math.abs(before.data[4 * i + c] - after.data[4 * i + c]);
    return sum / 765;
  });
  const most = Math.max(...off) || 1;
  const image = new ImageData(width, height);
  off.forEach((each, i) => image.data.set([...warm, (255 * each) / most], 4 * i));
  return { png: addressOf(image) };
}

/** Of images and curves, how far a reconstruction is off; a table shows that of each cell by itself. */
export async function difference(before: Value, after: Value, about: About): Promise<Contributions | null> {
  if ("png" in before && "png" in after) return offPixels(before.png, after.png);
  if (!("curve" in before) || !("curve" in after)) return null;
  const channel = (values: (number | null)[], c: number): number[] =>
    values.map(
      (each, t) => Math.abs((each ?? NaN) - (after.curve[c][t] ?? NaN)) / (about.signal?.deviation[c] ?? 1) || 0,
    );
  return { curve: before.curve.map(channel) };
}
