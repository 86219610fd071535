/** Files that the page hands to the person. */
import { pixelated } from "./png";

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What stands in a data address. */
export function content(url: string): Blob {
  const [head, text] = url.split(",");
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: head.slice("data:".length).split(";")[0] });
}

export function saveImage(canvas: HTMLCanvasElement, name: string): void {
  canvas.toBlob((blob) => blob && save(blob, name), "image/png");
}

/** An image on a canvas of its own, enlarged so that the longer side has at least `least` pixels. */
export async function enlarged(url: string, least: number): Promise<HTMLCanvasElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const factor = Math.max(1, Math.ceil(least / Math.max(image.width, image.height)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width * factor, image.height * factor];
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.imageSmoothingEnabled = !pixelated(url);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A drawing on a canvas, in twice its size. */
export async function drawn(
  svg: SVGSVGElement,
  width: number,
  height: number,
  back: string,
): Promise<HTMLCanvasElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", `${2 * width}`);
  copy.setAttribute("height", `${2 * height}`);
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(copy.outerHTML)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = back;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  return canvas;
}
