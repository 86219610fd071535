/** What hands do on a map: mouse, finger and pen alike, in the pixels of the element. */
import type { Tool } from "./state";

export interface Hands {
  tool(): Tool;
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number, shift: boolean): void;
  lasso(path: number[], done: boolean): void;
  walk(x: number, y: number): void;
}

interface Spot {
  x: number;
  y: number;
}

const still = 5; // pixels that a finger may tremble by in a click

export function listen(element: HTMLElement, hands: Hands): () => void {
  const down = new Map<number, Spot>();
  let doing: Tool = "look";
  let start: Spot = { x: 0, y: 0 };
  let moved = false;
  let path: number[] = [];

  const spot = (event: PointerEvent | WheelEvent): Spot => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  function press(event: PointerEvent): void {
    const now = spot(event);
    down.set(event.pointerId, now);
    element.setPointerCapture(event.pointerId);
    if (down.size > 1) {
      if (doing === "lasso") hands.lasso([], false);
      doing = "look";
      moved = true;
      return;
    }
    const panning = event.button === 1 || event.altKey;
    doing = panning ? "look" : event.shiftKey ? "lasso" : hands.tool();
    [start, moved, path] = [now, false, [now.x, now.y]];
    if (doing === "walk") hands.walk(now.x, now.y);
  }

  function pinch(id: number, now: Spot): void {
    const before = down.get(id) as Spot;
    const other = [...down].find(([each]) => each !== id)?.[1] as Spot;
    const apart = (a: Spot): number => Math.hypot(a.x - other.x, a.y - other.y) || 1;
    hands.zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    hands.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  function move(event: PointerEvent): void {
    const now = spot(event);
    const before = down.get(event.pointerId);
    if (!before) return event.pointerType === "touch" ? undefined : hands.hover(now.x, now.y);
    if (down.size > 1) pinch(event.pointerId, now);
    else {
      moved ||= Math.hypot(now.x - start.x, now.y - start.y) > still;
      if (doing === "walk") hands.walk(now.x, now.y);
      else if (moved && doing === "look") hands.pan(now.x - before.x, now.y - before.y);
      else if (moved) {
        path.push(now.x, now.y);
        hands.lasso(path, false);
      }
    }
    down.set(event.pointerId, now);
  }

  function release(event: PointerEvent): void {
    if (!down.delete(event.pointerId) || down.size) return;
    if (event.type === "pointercancel") return hands.lasso([], true);
    if (!moved && doing !== "walk") hands.click(start.x, start.y, event.shiftKey);
    else if (doing === "lasso") hands.lasso(path, true);
  }

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = spot(event);
    const lines = event.deltaMode === 1 ? 16 : 1;
    hands.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 500)), x, y);
  }

  const listeners: [string, (event: never) => void][] = [
    ["pointerdown", press],
    ["pointermove", move],
    ["pointerup", release],
    ["pointercancel", release],
    ["pointerleave", hands.leave],
    ["wheel", wheel],
  ];
  for (const [name, heard] of listeners) element.addEventListener(name, heard as EventListener, { passive: false });
  return () => listeners.forEach(([name, heard]) => element.removeEventListener(name, heard as EventListener));
}
