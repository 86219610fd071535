/** A small image that is drawn by hand: height × width × channels numbers in [0, 1]. */

export class Sheet {
  readonly pixels: Float32Array;

  constructor(
    readonly height: number,
    readonly width: number,
    readonly channels: number,
  ) {
    this.pixels = new Float32Array(height * width * channels);
  }

  /** One touch of a round, soft brush at (x, y), in pixels; the ink has one number per channel. */
  touch(x: number, y: number, radius: number, ink: number[]): void {
    for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(this.height, y + radius); row++) {
      for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(this.width, x + radius); column++) {
        const far = Math.hypot(column + 0.5 - x, row + 0.5 - y) / radius;
        const cover = Math.min(Math.max(1.6 * (1 - far), 0), 1);
        const at = (row * this.width + column) * this.channels;
        for (let c = 0; c < this.channels; c++) this.pixels[at + c] += cover * (ink[c] - this.pixels[at + c]);
      }
    }
  }

  /** A line of touches. */
  stroke(from: [number, number], to: [number, number], radius: number, ink: number[]): void {
    const touches = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / (radius / 2)));
    for (let i = 1; i <= touches; i++) {
      const t = i / touches;
      this.touch(from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), radius, ink);
    }
  }

  clear(): void {
    this.pixels.fill(0);
  }

  /** Take over an image of any size. */
  take(image: CanvasImageSource): void {
    const context = canvas(this.width, this.height);
    context.drawImage(image, 0, 0, this.width, this.height);
    const { data } = context.getImageData(0, 0, this.width, this.height);
    for (let i = 0; i < this.height * this.width; i++) {
      for (let c = 0; c < this.channels; c++) this.pixels[i * this.channels + c] = data[4 * i + c] / 255;
    }
  }

  image(): ImageData {
    return painted(this.pixels, this.height, this.width, this.channels);
  }
}

function canvas(width: number, height: number): CanvasRenderingContext2D {
  const made = document.createElement("canvas");
  [made.width, made.height] = [width, height];
  return made.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
}

/** Pixels, channels last, as what a canvas shows. */
export function painted(pixels: ArrayLike<number>, height: number, width: number, channels: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * pixels[i * channels + (channels > 2 ? c : 0)];
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** The same as the address of a PNG. */
export const pngOf = (pixels: ArrayLike<number>, height: number, width: number, channels: number): string =>
  addressOf(painted(pixels, height, width, channels));

/** The address of a PNG of an image. */
export function addressOf(image: ImageData): string {
  const context = canvas(image.width, image.height);
  context.putImageData(image, 0, 0);
  return context.canvas.toDataURL("image/png");
}
