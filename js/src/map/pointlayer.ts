import { after } from "../after";
import { h } from "../dom";
import type { PointTable } from "../pointtable";
import { canvasRenderer } from "./canvasrenderer";
import { glRenderer } from "./glrenderer";
import type { PointFrame, PointRenderer, Style } from "./pointrenderer";
import type { Places } from "./travel";

/** What is asked of a frame; the layer itself knows what of it is drawn already. */
export interface LayerFrame extends Omit<PointFrame, "rows" | "since"> {
  /** How many points are in view, about. */
  inView: number;
  /** The rows to draw in a box of the given margin around the view; null for all. */
  rowsWithin: (margin: number) => Uint32Array<ArrayBuffer> | null;
}

const MARGIN = 160;
const FEW = 2000;
/** Points that take long to draw: while zooming, the last picture of them is scaled. */
const MANY = 60_000;
const REST_MS = 120;

/**
 * The points on a canvas larger than the view: while the map is moved, the canvas is, and nothing is drawn. It holds a
 * WebGL context while it is in view and there are enough of them, and looks the same without. `request` is called when
 * there is something to draw again.
 */
export function pointLayer(request: () => void) {
  const element = h("div.dc-map-layer", { "aria-hidden": "true" });
  const rest = after(REST_MS);
  let gl: PointRenderer | null = null;
  let instead: PointRenderer | null = null;
  let style: Style | null = null;
  let taken: { points: PointTable; looks: Uint8Array<ArrayBuffer>; from: Places | null } | null = null;
  let drawn: PointFrame | null = null;
  let since = 0;

  const renderer = () => instead ?? gl;
  const count = () => taken?.points.count ?? 0;

  function show(next: PointRenderer): void {
    element.replaceChildren(next.canvas);
    if (style) next.setStyle(style);
    if (taken) next.take(taken.points, taken.looks, 0, taken.from);
    drawn = null;
    request();
  }

  function fallBack(): void {
    instead ??= canvasRenderer(canvas());
    show(instead);
  }

  /** What is drawn, when the frame needs nothing more of it than another place. */
  function usable(frame: LayerFrame): PointFrame | null {
    if (
      !drawn ||
      drawn.pixelRatio !== frame.pixelRatio ||
      drawn.mask !== frame.mask ||
      drawn.onTop !== frame.onTop
    )
      return null;
    const appended = since < count();
    if (appended && (drawn.rows || frame.growing.length || drawn.onTop.length)) return null;
    if (drawn.camera.k !== frame.camera.k || drawn.radius !== frame.radius) {
      if (frame.inView < MANY || appended) return null;
      rest(() => {
        drawn = null;
        request();
      });
      return drawn;
    }
    const { left, top } = offset(drawn, frame);
    const reaches = (start: number, length: number, view: number) => start <= 0 && start + length >= view;
    return reaches(left, drawn.width, frame.width) && reaches(top, drawn.height, frame.height) ? drawn : null;
  }

  return {
    element,

    /** Whether it can be drawn on. */
    get awake(): boolean {
      return !!renderer();
    },

    /** Takes a context. */
    wake(): void {
      if (renderer()) return;
      try {
        const real = glRenderer(canvas(), fallBack, () => {
          instead?.dispose();
          instead = null;
          show(real);
        });
        gl = real;
        show(real);
      } catch {
        fallBack();
      }
    },

    /** Gives the context back. */
    sleep(): void {
      rest();
      gl?.dispose();
      instead?.dispose();
      gl = instead = drawn = null;
      element.replaceChildren();
    },

    setStyle(next: Style): void {
      style = next;
      renderer()?.setStyle(next);
      drawn = null;
    },

    take(points: PointTable, looks: Uint8Array<ArrayBuffer>, start: number, from: Places | null): void {
      taken = { points, looks, from };
      renderer()?.take(points, looks, start, from);
      since = Math.min(since, start);
      if (!start || from) drawn = null;
    },

    restyle(looks: Uint8Array<ArrayBuffer>, [first, last]: [number, number]): void {
      if (taken) taken.looks = looks;
      if (last >= first) renderer()?.restyle(looks, first, last + 1);
      drawn = null;
    },

    /** Has everything drawn again. */
    invalidate(): void {
      drawn = null;
    },

    draw(frame: LayerFrame): void {
      const on = renderer();
      if (!on) return;
      const kept = usable(frame);
      let next = kept;
      if (!kept || since < count()) {
        const margin = frame.inView > FEW ? MARGIN : 16;
        const { k, tx, ty } = frame.camera;
        next = kept
          ? { ...kept, growing: frame.growing, since, rows: null }
          : {
              ...frame,
              camera: { k, tx: tx + margin, ty: ty + margin },
              width: frame.width + 2 * margin,
              height: frame.height + 2 * margin,
              since: 0,
              rows: frame.rowsWithin(margin),
            };
        on.draw(next);
        Object.assign(on.canvas.style, { width: `${next.width}px`, height: `${next.height}px` });
        since = count();
        drawn = frame.mix < 1 || frame.growing.length ? null : next;
      }
      const { left, top, scale } = offset(next!, frame);
      const whole = (value: number) => Math.round(value * frame.pixelRatio) / frame.pixelRatio;
      on.canvas.style.transform = `translate(${whole(left)}px, ${whole(top)}px) scale(${scale})`;
    },
  };
}

function canvas(): HTMLCanvasElement {
  return h("canvas.dc-map-points");
}

/** Where the corner of what is drawn lies in the view, and at which scale. */
function offset(drawn: PointFrame, { camera }: LayerFrame): { left: number; top: number; scale: number } {
  const scale = camera.k / drawn.camera.k;
  return { left: camera.tx - drawn.camera.tx * scale, top: camera.ty - drawn.camera.ty * scale, scale };
}
