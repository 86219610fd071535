/** Two images, one over the other, with an edge between them that moves; and a third beside them. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { usePage, useView } from "./page";
import { pixelated, pngSize } from "./png";

/** Pixels of the screen that an image as a whole is high, at most, as a part of the window. */
const tall = 0.68;

/** An image in a window, and what it is called. */
interface Layer {
  png: string;
  id: string;
  title: string;
}

interface Frame {
  png: string;
  zoom: number;
  label: string;
  children: ComponentChildren;
  frame: { current: HTMLDivElement | null };
  onScroll(): void;
  onPointer?(event: PointerEvent): void;
}

/** A window on layers of images of one size: as a whole, or enlarged and scrolled. */
function Window({ png, zoom, label, children, frame, onScroll, onPointer }: Frame) {
  const [width, height] = pngSize(png);
  const whole = { width: `min(100%, ${(100 * tall * width) / height}vh)` };
  return (
    <div
      class={zoom ? "window zoomed" : "window"}
      ref={frame}
      role="group"
      aria-label={label}
      tabIndex={zoom ? 0 : undefined}
      style={zoom ? {} : whole}
      onScroll={onScroll}
    >
      <div
        class={pixelated(png) || zoom > 1 ? "layers pixelated" : "layers"}
        style={{ width: zoom ? `${zoom * width}px` : "100%", aspectRatio: `${width} / ${height}` }}
        onPointerDown={(event) => {
          if (!onPointer || (zoom && event.pointerType === "touch")) return;
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          onPointer(event);
        }}
        onPointerMove={(event) =>
          event.currentTarget.hasPointerCapture(event.pointerId) && onPointer && onPointer(event)
        }
      >
        {children}
      </div>
    </div>
  );
}

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);

const zooms: [number, string, string][] = [
  [0, "Whole", "The whole image"],
  [1, "1 : 1", "A pixel of the screen for each of the image"],
  [2, "2 : 1", "Four pixels of the screen for each of the image"],
  [4, "4 : 1", "Sixteen pixels of the screen for each of the image"],
];

export function Zooms() {
  const { store } = usePage();
  const { zoom } = useView();
  return (
    <div class="choices-of" role="group" aria-label="Size">
      {zooms.map(([id, title, hint]) => (
        <button aria-pressed={zoom === id} title={hint} onClick={() => store.set({ zoom: id })}>
          {title}
        </button>
      ))}
    </div>
  );
}

interface Wiped {
  label: string;
  left: Layer;
  right: Layer;
  beside?: Layer;
  /** Of the image beside. */
  caption?: string;
}

/** The image that is wiped, and another beside it: both are scrolled together. */
export function Wipe({ label, left, right, beside: third, caption }: Wiped) {
  const { store } = usePage();
  const { wipe, zoom } = useView();
  const [frame, beside] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)];
  /** The edge stays where it is in the window, wherever the image is scrolled to. */
  const cut = () => {
    const window = frame.current;
    window?.style.setProperty("--cut", `${window.scrollLeft + wipe * window.clientWidth}px`);
  };
  const follow = (from: HTMLDivElement | null, to: HTMLDivElement | null) => {
    if (from && to && (to.scrollLeft !== from.scrollLeft || to.scrollTop !== from.scrollTop))
      to.scrollTo(from.scrollLeft, from.scrollTop);
    cut();
  };
  useLayoutEffect(cut);
  useEffect(() => {
    const observer = new ResizeObserver(cut);
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, [wipe]);
  const drag = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (box) store.set({ wipe: clamp((event.clientX - box.left) / box.width) });
  };
  return (
    <div class="sides">
      <figure>
        <Window
          png={right.png}
          zoom={zoom}
          label={label}
          frame={frame}
          onScroll={() => follow(frame.current, beside.current)}
          onPointer={drag}
        >
          <img src={right.png} alt={right.title} draggable={false} data-testid={right.id} />
          <img class="left" src={left.png} alt={left.title} draggable={false} data-testid={left.id} />
          <i class="edge" aria-hidden="true" />
        </Window>
        <label class="ends">
          <input
            type="range"
            id="wipe"
            min={0}
            max={1}
            step={0.01}
            value={wipe}
            aria-label={`Edge between ${left.title}, on its left, and ${right.title}, on its right`}
            aria-valuetext={`${left.title} on ${Math.round(100 * wipe)} %`}
            onInput={(event) => store.set({ wipe: event.currentTarget.valueAsNumber })}
          />
          <span>{left.title}</span>
          <span>{right.title}</span>
        </label>
      </figure>
      {third && (
        <figure>
          <Window
            png={third.png}
            zoom={zoom}
            label={third.title}
            frame={beside}
            onScroll={() => follow(beside.current, frame.current)}
          >
            <img src={third.png} alt={third.title} draggable={false} data-testid={third.id} />
          </Window>
          <figcaption>{caption}</figcaption>
        </figure>
      )}
    </div>
  );
}
