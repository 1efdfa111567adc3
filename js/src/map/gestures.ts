import type { Lasso } from "./lasso";

/** What gestures do. Coordinates are CSS pixels of the stage. */
export interface GestureTarget {
  readonly tool: "pan" | "lasso" | "rectangle";
  pan(dx: number, dy: number): void;
  zoom(factor: number, px?: number, py?: number): void;
  fit(): void;
  hover(px: number, py: number): void;
  unhover(): void;
  click(px: number, py: number, event: MouseEvent): void;
  lassoed(polygon: readonly number[], event: MouseEvent): void;
  escape(): void;
  explainWheel(): void;
}

/** Turns pointer, wheel and keys on the stage into calls on the target, until the signal. */
export function followGestures(
  stage: HTMLElement,
  lasso: Lasso,
  target: GestureTarget,
  signal: AbortSignal,
): void {
  let drag: { x: number; y: number; moved: boolean; selecting: boolean } | null = null;
  const at = (event: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ) => stage.addEventListener(name, listener, { signal, passive: false });

  on("pointerdown", (event) => {
    // Buttons that lie on the map are not the map.
    if (event.button !== 0 || (event.target as Element).closest("button")) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const [x, y] = at(event);
    drag = { x, y, moved: false, selecting: target.tool !== "pan" || event.shiftKey };
    if (drag.selecting) lasso.start(x, y, target.tool === "rectangle");
    target.unhover();
  });
  on("pointermove", (event) => {
    const [x, y] = at(event);
    if (!drag) {
      target.hover(x, y);
      return;
    }
    if (Math.hypot(x - drag.x, y - drag.y) > 3) drag.moved = true;
    if (drag.selecting) lasso.move(x, y);
    else if (drag.moved) {
      stage.classList.add("dc-dragging");
      target.pan(x - drag.x, y - drag.y);
      drag = { ...drag, x, y };
    }
  });
  on("pointerup", (event) => {
    const ended = drag;
    drag = null;
    stage.classList.remove("dc-dragging");
    if (!ended) return;
    const polygon = ended.selecting ? lasso.finish() : null;
    if (!ended.moved) target.click(...at(event), event);
    else if (polygon) target.lassoed(polygon, event);
  });
  on("pointercancel", () => {
    drag = null;
    lasso.cancel();
  });
  on("pointerleave", () => target.unhover());
  on("dblclick", (event) => target.zoom(1.8, ...at(event)));
  on("wheel", (event) => {
    // Without focus or a modifier the notebook scrolls.
    const focused = stage.contains(stage.ownerDocument.activeElement);
    if (!focused && !event.ctrlKey && !event.metaKey) {
      target.explainWheel();
      return;
    }
    event.preventDefault();
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    target.zoom(Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.008 : 0.0018)), ...at(event));
  });
  on("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => target.pan(60, 0),
      ArrowRight: () => target.pan(-60, 0),
      ArrowUp: () => target.pan(0, 60),
      ArrowDown: () => target.pan(0, -60),
      "+": () => target.zoom(1.3),
      "=": () => target.zoom(1.3),
      "-": () => target.zoom(1 / 1.3),
      "0": () => target.fit(),
      Escape: () => target.escape(),
    };
    if (!actions[event.key]) return;
    actions[event.key]();
    event.preventDefault();
    event.stopPropagation(); // Jupyter has keys of its own
  });
}
