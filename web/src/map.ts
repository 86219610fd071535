/** One map: regl-scatterplot draws the points, a canvas over it what is drawn on them; both follow one camera. */
import createRegl from "regl";
import createScatterplot, { createRenderer } from "regl-scatterplot";
import { Camera, sighted } from "./camera";
import { settled } from "./latest";
import { type Scene, paint, paintTiles } from "./overlay";

export interface Look {
  xy: Float32Array;
  indices: Float32Array | null;
  colours: string[];
  shown: Uint8Array | null;
  background: string;
}

/** The fraction of the map that points cover at most: where more are in sight, each lets more through. */
const cover = 0.3;

/** As the library makes one, but without multisampling, which is costly, and idle where all is drawn by way of a buffer. */
function renderer(): ReturnType<typeof createRenderer> {
  const canvas = document.createElement("canvas");
  const extensions = ["OES_texture_float", "OES_element_index_uint", "WEBGL_color_buffer_float", "EXT_float_blend"];
  const gl = canvas.getContext("webgl", { antialias: false, preserveDrawingBuffer: true });
  if (!gl) throw new Error("the map needs WebGL, which this browser does not offer");
  return createRenderer({ canvas, regl: createRegl({ gl, optionalExtensions: extensions }) });
}

/** Milliseconds between frames beyond which a map is drawn more coarsely while it moves. */
const slow = 50;

/** From how many points on they are but specks. */
export const specks = 20_000;

/** Smaller where there are more of them, or less room. */
function size(n: number, room: number): number {
  return (n <= 3000 ? 7 : n <= specks ? 4.5 : 2.5) * Math.min(Math.max(room / 800, 0.85), 1);
}

function columns(xy: Float32Array): { x: Float32Array; y: Float32Array } {
  const n = xy.length / 2;
  const [x, y] = [new Float32Array(n), new Float32Array(n)];
  for (let i = 0; i < n; i++) [x[i], y[i]] = [xy[2 * i], xy[2 * i + 1]];
  return { x, y };
}

export class ScatterMap {
  readonly camera = new Camera();
  private scatter: ReturnType<typeof createScatterplot>;
  private points = document.createElement("canvas");
  private over = document.createElement("canvas");
  private under = document.createElement("canvas");
  private renderer = renderer();
  private rest = settled(() => this.settle(), 350);
  private resolution = 1;
  private pace = 0;
  private last = 0;
  private drawing: Promise<unknown> = Promise.resolve();
  private look: Look | null = null;
  private index: ArrayBuffer | undefined;
  private scene: Scene | null = null;
  private asked = 0;
  private watch: ResizeObserver;

  /** `many`: squares, which are quicker to draw than discs, and look the same at this size. */
  constructor(
    private holder: HTMLElement,
    many: boolean,
  ) {
    this.points.className = "points";
    this.over.className = "over";
    this.under.className = "under";
    holder.append(this.under, this.points, this.over);
    this.measure();
    const fixed = { cameraIsFixed: true, deselectOnDblClick: false, deselectOnEscape: false };
    this.renderer.resize(this.camera.width, this.camera.height);
    const { width, height } = this.camera;
    this.scatter = createScatterplot({
      renderer: this.renderer,
      canvas: this.points,
      width,
      height,
      renderPointsAsSquares: many,
      ...fixed,
    });
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(holder);
  }

  destroy(): void {
    this.watch.disconnect();
    cancelAnimationFrame(this.asked);
    this.drawing.then(() => {
      this.scatter.destroy();
      this.renderer.destroy();
    });
    for (const layer of [this.under, this.points, this.over]) layer.remove();
  }

  /** Draw other points or colours; where a drawing is under way, after it. */
  show(look: Look): Promise<unknown> {
    const moved = this.look?.xy !== look.xy;
    this.look = look;
    this.drawing = this.drawing.then(() => (this.look === look ? this.draw(look, moved) : undefined));
    return this.drawing;
  }

  private async draw(look: Look, moved: boolean): Promise<void> {
    const shown = look.shown && Array.from(look.shown.keys()).filter((i) => look.shown?.[i]);
    const data = { ...columns(look.xy), ...(look.indices && { valueA: look.indices }) };
    this.scatter.set({
      backgroundColor: look.background,
      pointColor: look.colours,
      colorBy: look.indices ? "valueA" : null,
      pointSize: this.size * this.resolution,
      opacity: this.opacity,
    });
    this.turn();
    const spatialIndex = moved ? undefined : this.index;
    await this.scatter.draw(data, { zDataType: "categorical", spatialIndex, ...(shown && { filter: shown }) });
    this.index = this.scatter.get("spatialIndex");
    this.holder.dataset.drawn = `${look.xy.length / 2}`;
  }

  /** Show another scene over the points, at the next frame. */
  set(scene: Scene): void {
    const turned = !scene.tiles !== !this.scene?.tiles;
    this.scene = scene;
    if (turned && this.look) this.scatter.set({ opacity: this.opacity });
    this.ask();
  }

  /** Follow the camera. */
  turn(): void {
    this.scatter.view(this.camera.matrix, { preventEvent: true });
    this.keepUp();
    this.rest();
    this.ask();
  }

  /** Draw at half the resolution while the camera moves, where the machine could not follow otherwise. */
  private keepUp(): void {
    const now = performance.now();
    const gap = now - this.last;
    this.last = now;
    this.pace = gap < 1000 ? 0.7 * this.pace + 0.3 * gap : 0;
    if (this.pace > slow && this.resolution === 1) this.resolve(0.5);
  }

  private settle(): void {
    if (this.resolution !== 1) this.resolve(1);
    this.scatter.set({ opacity: this.opacity });
  }

  /** Draw the points with a fraction of the pixels; the style stretches them over the map. */
  private resolve(resolution: number): void {
    const [width, height] = [this.camera.width * resolution, this.camera.height * resolution];
    this.resolution = resolution;
    this.renderer.resize(width, height);
    this.scatter.set({ width, height, pointSize: this.size * resolution });
  }

  private get size(): number {
    return size((this.look?.xy.length ?? 0) / 2, Math.min(this.camera.width, this.camera.height));
  }

  private get opacity(): number {
    const { width, height } = this.camera;
    if (this.scene?.tiles) return 1; // over images, what lets through cannot be seen
    const covered = sighted(this.look?.xy ?? new Float32Array(0), this.camera, this.look?.shown) * this.size ** 2 * 0.8;
    return Math.min(Math.max(Math.round((100 * cover * width * height) / (covered || 1)) / 100, 0.12), 1);
  }

  private ask(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => {
      if (!this.scene) return;
      paint(this.context(this.over), this.camera, this.scene);
      this.under.hidden = !this.scene.tiles; // what is not there need not be composed
      if (this.scene.tiles) paintTiles(this.context(this.under), this.camera, this.scene);
    });
  }

  private context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    return context;
  }

  private measure(): boolean {
    const { clientWidth, clientHeight } = this.holder;
    const [width, height] = [Math.max(clientWidth, 1), Math.max(clientHeight, 1)];
    if (width === this.camera.width && height === this.camera.height) return false;
    Object.assign(this.camera, { width, height });
    for (const layer of [this.over, this.under]) {
      layer.width = width * devicePixelRatio;
      layer.height = height * devicePixelRatio;
    }
    return true;
  }

  private resize(): void {
    if (!this.measure()) return;
    this.resolve(1);
    this.turn();
  }

  /** The map as it is seen. */
  image(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.over.width, this.over.height];
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.fillStyle = this.look?.background ?? "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const layer of [this.under, this.points, this.over])
      context.drawImage(layer, 0, 0, canvas.width, canvas.height);
    return canvas;
  }
}
