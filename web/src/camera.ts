/** Where a map is looked at: its middle and zoom; and what lies where on it. Pure, no DOM. */
import type { Point } from "./types";

const [rim, least] = [4, 0.002];

/** The smallest and the largest of every second number, from `start` on. */
function extent(xy: Float32Array, start: number): [number, number] {
  let [low, high] = [0, 0];
  for (let at = start; at < xy.length; at += 2) {
    low = Math.min(low, xy[at]);
    high = Math.max(high, xy[at]);
  }
  return [low, high];
}

export class Camera {
  constructor(
    public x = 0,
    public y = 0,
    public zoom = 1,
    public width = 1,
    public height = 1,
  ) {}

  /** Pixels per unit of the map; at zoom 1 the square [−1, 1]² fits with a rim. */
  get unit(): number {
    return this.zoom * 0.45 * Math.min(this.width, this.height);
  }

  toScreen(x: number, y: number): Point {
    return [this.width / 2 + (x - this.x) * this.unit, this.height / 2 - (y - this.y) * this.unit];
  }

  toMap(px: number, py: number): Point {
    return [this.x + (px - this.width / 2) / this.unit, this.y - (py - this.height / 2) / this.unit];
  }

  /** Show all points: what the page begins with, unless some lie outside that. */
  fit(xy: Float32Array): void {
    const [x0, x1] = extent(xy, 0);
    const [y0, y1] = extent(xy, 1);
    const within = Math.max(-x0, x1, -y0, y1) <= 1.001;
    [this.x, this.y, this.zoom] = within
      ? [0, 0, 1]
      : [(x0 + x1) / 2, (y0 + y1) / 2, Math.max(2 / Math.max(x1 - x0, y1 - y0), least)];
  }

  /** Whether a position can be seen, and not only at the rim. */
  sees(x: number, y: number): boolean {
    const [px, py] = this.toScreen(x, y);
    return px >= rim && py >= rim && px <= this.width - rim && py <= this.height - rim;
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.unit;
    this.y += dy / this.unit;
  }

  /** Zoom so that what is at the pixel (px, py) stays there. */
  magnify(factor: number, px: number, py: number): void {
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.min(Math.max(this.zoom * factor, least), 2000);
    const [left, top] = this.toMap(px, py);
    this.x += x - left;
    this.y += y - top;
  }

  /** The column-major matrix that regl-scatterplot draws with. */
  get matrix(): number[] {
    const z = this.unit / (this.height / 2);
    return [z, 0, 0, 0, 0, z, 0, 0, 0, 0, 1, 0, -this.x * z, -this.y * z, 0, 1];
  }
}

/** The index of the shown point nearest to (x, y) and within `reach`; −1: none. */
export function nearest(xy: Float32Array, x: number, y: number, reach: number, shown?: Uint8Array | null): number {
  let best = reach * reach;
  let index = -1;
  for (let i = 0, at = 0; at < xy.length; i++, at += 2) {
    const dx = xy[at] - x;
    const dy = xy[at + 1] - y;
    const square = dx * dx + dy * dy;
    if (square <= best && (!shown || shown[i])) {
      best = square;
      index = i;
    }
  }
  return index;
}

/** The nearest point in a direction (dx, dy), seen from a point: what lies aside counts as farther away. */
export function towards(xy: Float32Array, from: number, dx: number, dy: number, shown?: Uint8Array | null): number {
  let best = Infinity;
  let index = from;
  for (let i = 0, at = 0; at < xy.length; i++, at += 2) {
    const x = xy[at] - xy[2 * from];
    const y = xy[at + 1] - xy[2 * from + 1];
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    if (i === from || ahead <= 0 || aside > ahead || (shown && !shown[i])) continue;
    const cost = ahead + 2 * aside;
    if (cost < best) {
      best = cost;
      index = i;
    }
  }
  return index;
}

/** The shown points within a polygon of corners x, y, x, y … */
export function within(xy: Float32Array, polygon: number[], shown?: Uint8Array | null): number[] {
  const indices: number[] = [];
  const n = polygon.length;
  if (n < 6) return indices;
  for (let i = 0, at = 0; at < xy.length; i++, at += 2) {
    if (shown && !shown[i]) continue;
    const x = xy[at];
    const y = xy[at + 1];
    let inside = false;
    for (let a = 0, b = n - 2; a < n; b = a, a += 2) {
      const crosses = polygon[a + 1] > y !== polygon[b + 1] > y;
      const slope = ((polygon[b] - polygon[a]) * (y - polygon[a + 1])) / (polygon[b + 1] - polygon[a + 1]);
      if (crosses && x < slope + polygon[a]) inside = !inside;
    }
    if (inside) indices.push(i);
  }
  return indices;
}

/** At most `most` corners of a path, evenly taken. */
export function thinned(path: number[], most: number): number[] {
  const corners = path.length / 2;
  if (corners <= most) return path;
  return Array.from({ length: most }, (_, i) => Math.floor((i * corners) / most)).flatMap((i) => [
    path[2 * i],
    path[2 * i + 1],
  ]);
}

/** How many shown points are in sight. */
export function sighted(xy: Float32Array, camera: Camera, shown?: Uint8Array | null): number {
  const [left, top] = camera.toMap(0, 0);
  const [right, bottom] = camera.toMap(camera.width, camera.height);
  let count = 0;
  for (let i = 0, at = 0; at < xy.length; i++, at += 2) {
    const [x, y] = [xy[at], xy[at + 1]];
    if (x >= left && x <= right && y >= bottom && y <= top && (!shown || shown[i])) count++;
  }
  return count;
}
