/** One map: regl-scatterplot draws the points, a canvas over it what is drawn on them; both follow one camera. */
import createScatterplot from "regl-scatterplot";
import { Camera } from "./camera";
import { type Scene, paint, paintTiles } from "./overlay";

export interface Look {
  xy: Float32Array;
  places: Float32Array | null;
  colours: string[];
  shown: Uint8Array | null;
  background: string;
}

/** The more points are in sight, the more each lets through. The library's types know no "density". */
const dense = { opacityBy: "density" as "w", opacityByDensityFill: 0.25, opacityByDensityDebounceTime: 120 };

/** Smaller where there are more of them, or less room. */
function size(n: number, room: number): number {
  return (n <= 3000 ? 7 : n <= 20000 ? 4.5 : 3) * Math.min(Math.max(room / 800, 0.6), 1);
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
  private drawing: Promise<unknown> = Promise.resolve();
  private look: Look | null = null;
  private index: ArrayBuffer | undefined;
  private scene: Scene | null = null;
  private asked = 0;
  private tiled = false;
  private watch: ResizeObserver;

  constructor(private holder: HTMLElement) {
    this.points.className = "points";
    this.over.className = "over";
    this.under.className = "under";
    holder.append(this.under, this.points, this.over);
    this.measure();
    const fixed = { cameraIsFixed: true, deselectOnDblClick: false, deselectOnEscape: false };
    const { width, height } = this.camera;
    this.scatter = createScatterplot({ canvas: this.points, width, height, ...fixed, ...dense });
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(holder);
  }

  destroy(): void {
    this.watch.disconnect();
    cancelAnimationFrame(this.asked);
    this.drawing.then(() => this.scatter.destroy());
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
    const data = { ...columns(look.xy), ...(look.places && { valueA: look.places }) };
    this.scatter.set({
      backgroundColor: look.background,
      pointColor: look.colours,
      colorBy: look.places ? "valueA" : null,
      pointSize: size(look.xy.length / 2, Math.min(this.camera.width, this.camera.height)),
    });
    this.turn();
    const spatialIndex = moved ? undefined : this.index;
    await this.scatter.draw(data, { zDataType: "categorical", spatialIndex, ...(shown && { filter: shown }) });
    this.index = this.scatter.get("spatialIndex");
    this.holder.dataset.drawn = `${look.xy.length / 2}`;
  }

  /** Show another scene over the points, at the next frame. */
  set(scene: Scene): void {
    this.scene = scene;
    this.ask();
  }

  /** Follow the camera. */
  turn(): void {
    this.scatter.view(this.camera.matrix, { preventEvent: true });
    this.ask();
  }

  private ask(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => {
      if (!this.scene) return;
      paint(this.context(this.over), this.camera, this.scene);
      if (this.scene.tiles || this.tiled) paintTiles(this.context(this.under), this.camera, this.scene);
      this.tiled = this.scene.tiles !== null;
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
    this.scatter.set({ width: this.camera.width, height: this.camera.height });
    this.turn();
  }

  /** The map as it is seen. */
  picture(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.over.width, this.over.height];
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.fillStyle = this.look?.background ?? "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const layer of [this.under, this.points, this.over]) context.drawImage(layer, 0, 0, canvas.width, canvas.height);
    return canvas;
  }
}
