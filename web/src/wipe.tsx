/** An image before and after, one over the other, with an edge between them that moves; and what was taken away. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { usePage, useView } from "./page";
import { pixelated, pngSize } from "./png";
import type { Restored } from "./types";

/** Pixels of the screen that an image as a whole is high, at most, as a part of the window. */
const tall = 0.68;

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

/** The image that is wiped, beside what was taken away: both are scrolled together. */
export function Wipe({ made }: { made: Restored }) {
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
  const enlarged = made.gain > 1 ? ` × ${made.gain}` : "";
  return (
    <div class="sides">
      <figure>
        <Window
          png={made.after.png}
          zoom={zoom}
          label="Before and after"
          frame={frame}
          onScroll={() => follow(frame.current, beside.current)}
          onPointer={drag}
        >
          <img src={made.after.png} alt="after" draggable={false} data-testid="after" />
          <img class="before" src={made.before.png} alt="before" draggable={false} data-testid="before" />
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
            aria-label="Edge between before, on its left, and after, on its right"
            aria-valuetext={`before on ${Math.round(100 * wipe)} %`}
            onInput={(event) => store.set({ wipe: event.currentTarget.valueAsNumber })}
          />
          <span>before</span>
          <span>after</span>
        </label>
      </figure>
      <figure>
        <Window
          png={made.taken.png}
          zoom={zoom}
          label="Taken away"
          frame={beside}
          onScroll={() => follow(beside.current, frame.current)}
        >
          <img src={made.taken.png} alt="taken away" draggable={false} data-testid="taken" />
        </Window>
        <figcaption>taken away{enlarged}: grey is nothing, brighter where the image was brighter</figcaption>
      </figure>
    </div>
  );
}
