/** What the address of a PNG says of it. */

/** Pixels of the longer side up to which each pixel of an image is shown as a square; larger ones are smoothed. */
const tiny = 48;

/** Width and height of a PNG whose bytes stand in its address. */
export function pngSize(url: string): [number, number] {
  const head = atob(url.slice(url.indexOf(",") + 1).slice(0, 32));
  const number = (at: number): number => [0, 1, 2, 3].reduce((sum, i) => 256 * sum + head.charCodeAt(at + i), 0);
  return [number(16), number(20)];
}

/** Whether an image of some sides is so small that its pixels are worth seeing. */
export const small = (...sides: number[]): boolean => Math.max(...sides) <= tiny;

export const pixelated = (url: string): boolean => small(...pngSize(url));
