import type { Lasso } from "./lasso";

export type Tool = "pan" | "lasso" | "rectangle";

/** What gestures do. Coordinates are CSS pixels of the stage. */
export interface GestureTarget {
  tool(): Tool;
  pan(dx: number, dy: number): void;
  zoom(factor: number, px?: number, py?: number): void;
  hover(px: number, py: number): void;
  unhover(): void;
  click(px: number, py: number, event: MouseEvent): void;
  doubleClick(px: number, py: number, event: MouseEvent): void;
  lassoed(polygon: readonly number[], event: MouseEvent): void;
  /** Does what a key stands for; whether it stands for anything. */
  key(event: KeyboardEvent): boolean;
  explainWheel(): void;
}

interface Drag {
  x: number;
  y: number;
  moved: boolean;
  selecting: boolean;
}

const SLACK = 3; // pixels that a click may move

/** Turns pointer, wheel and keys on the stage into calls on the target, until the signal. */
export function followGestures(
  stage: HTMLElement,
  lasso: Lasso,
  target: GestureTarget,
  signal: AbortSignal,
): void {
  const pointers = new Map<number, [number, number]>();
  let drag: Drag | null = null;
  const at = (event: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ) => stage.addEventListener(name, listener, { signal, passive: false });
  const stop = () => {
    drag = null;
    lasso.cancel();
    stage.classList.remove("dc-dragging");
  };

  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, y] = at(event);
    pointers.set(event.pointerId, [x, y]);
    stage.setPointerCapture(event.pointerId);
    target.unhover();
    // A finger that scrolls the page must not take the focus; see touch-action in map.css.
    if (event.pointerType !== "touch" || pointers.size > 1) stage.focus({ preventScroll: true });
    if (pointers.size > 1) return stop();
    drag = { x, y, moved: false, selecting: target.tool() !== "pan" || event.shiftKey };
    if (drag.selecting) lasso.start(x, y, target.tool() === "rectangle");
  });
  on("pointermove", (event) => {
    const [x, y] = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") target.hover(x, y);
      return;
    }
    pointers.set(event.pointerId, [x, y]);
    if (pointers.size > 1) return pinch(event.pointerId, before);
    if (!drag) return;
    if (Math.hypot(x - drag.x, y - drag.y) > SLACK) drag.moved = true;
    if (drag.selecting) lasso.move(x, y);
    else if (drag.moved) {
      stage.classList.add("dc-dragging");
      target.pan(x - drag.x, y - drag.y);
      drag = { ...drag, x, y };
    }
  });
  /** Keeps what is under both fingers there. */
  const pinch = (moved: number, [bx, by]: [number, number]) => {
    const other = [...pointers].find(([id]) => id !== moved)![1];
    const [x, y] = pointers.get(moved)!;
    const [ox, oy] = other;
    target.pan((x - bx) / 2, (y - by) / 2);
    const spread = Math.hypot(x - ox, y - oy) / Math.max(1, Math.hypot(bx - ox, by - oy));
    target.zoom(spread, (x + ox) / 2, (y + oy) / 2);
  };
  on("pointerup", (event) => {
    const several = pointers.size > 1;
    pointers.delete(event.pointerId);
    const ended = drag;
    if (!ended || several) return;
    const polygon = ended.selecting ? lasso.finish() : null;
    stop();
    if (!ended.moved) {
      stage.focus({ preventScroll: true });
      target.click(...at(event), event);
    } else if (polygon) target.lassoed(polygon, event);
  });
  on("pointercancel", (event) => {
    pointers.delete(event.pointerId);
    stop();
  });
  on("pointerleave", () => target.unhover());
  on("dblclick", (event) => target.doubleClick(...at(event), event));
  on("wheel", (event) => {
    // Without focus or a modifier the notebook scrolls.
    const focused = stage.contains((stage.getRootNode() as Document | ShadowRoot).activeElement);
    if (!focused && !event.ctrlKey && !event.metaKey) {
      target.explainWheel();
      return;
    }
    event.preventDefault();
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    target.zoom(Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.008 : 0.0018)), ...at(event));
  });
  on("keydown", (event) => {
    if (event.target !== stage || !target.key(event)) return;
    event.preventDefault();
    event.stopPropagation(); // Jupyter has keys of its own
  });
}
