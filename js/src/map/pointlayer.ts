import { h } from "../dom";
import type { PointTable } from "../pointtable";
import { CanvasRenderer } from "./canvasrenderer";
import { GlRenderer } from "./glrenderer";
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
 * WebGL context while it is in view and there are enough of them, and looks the same without.
 */
export class PointLayer {
  readonly element = h("div", { class: "dc-map-layer", "aria-hidden": "true" });
  readonly #request: () => void;
  #gl: GlRenderer | null = null;
  #instead: CanvasRenderer | null = null;
  #style: Style | null = null;
  #points: PointTable | null = null;
  #looks: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #from: Places | null = null;
  #drawn: PointFrame | null = null;
  #since = 0;
  #timer = 0;

  /** `request` is called when there is something to draw again. */
  constructor(request: () => void) {
    this.#request = request;
  }

  /** Whether it can be drawn on. */
  get awake(): boolean {
    return this.#renderer !== null;
  }

  /** Takes a context. */
  wake(): void {
    if (this.awake) return;
    const instead = () => {
      this.#instead ??= new CanvasRenderer(canvas());
      this.#show(this.#instead);
    };
    try {
      this.#gl = new GlRenderer(canvas(), instead, () => {
        this.#instead?.dispose();
        this.#instead = null;
        this.#show(this.#gl!);
      });
      this.#show(this.#gl);
    } catch {
      instead();
    }
  }

  /** Gives the context back. */
  sleep(): void {
    window.clearTimeout(this.#timer);
    this.#gl?.dispose();
    this.#instead?.dispose();
    this.#gl = this.#instead = this.#drawn = null;
    this.element.replaceChildren();
  }

  setStyle(style: Style): void {
    this.#style = style;
    this.#renderer?.setStyle(style);
    this.invalidate();
  }

  take(points: PointTable, looks: Uint8Array<ArrayBuffer>, start: number, from: Places | null): void {
    this.#points = points;
    this.#looks = looks;
    this.#from = from;
    this.#renderer?.take(points, looks, start, from);
    this.#since = Math.min(this.#since, start);
    if (!start || from) this.invalidate();
  }

  restyle(looks: Uint8Array<ArrayBuffer>, [first, last]: [number, number]): void {
    this.#looks = looks;
    if (last >= first) this.#renderer?.restyle(looks, first, last + 1);
    this.invalidate();
  }

  /** Has everything drawn again. */
  invalidate(): void {
    this.#drawn = null;
  }

  draw(frame: LayerFrame): void {
    const renderer = this.#renderer;
    if (!renderer) return;
    const kept = this.#usable(frame);
    if (!kept || this.#since < (this.#points?.count ?? 0)) {
      const margin = kept ? (kept.width - frame.width) / 2 : frame.inView > FEW ? MARGIN : 16;
      const { k, tx, ty } = frame.camera;
      const next: PointFrame = kept
        ? { ...kept, growing: frame.growing, since: this.#since, rows: null }
        : {
            ...frame,
            camera: { k, tx: tx + margin, ty: ty + margin },
            width: frame.width + 2 * margin,
            height: frame.height + 2 * margin,
            since: 0,
            rows: frame.rowsWithin(margin),
          };
      renderer.draw(next);
      renderer.canvas.style.width = `${next.width}px`;
      renderer.canvas.style.height = `${next.height}px`;
      this.#drawn = next;
      this.#since = this.#points?.count ?? 0;
      if (frame.mix < 1 || frame.growing.length) this.invalidate();
      this.#place(renderer.canvas, next, frame);
    } else this.#place(renderer.canvas, kept, frame);
  }

  get #renderer(): PointRenderer | null {
    return this.#instead ?? this.#gl;
  }

  #show(renderer: PointRenderer): void {
    this.element.replaceChildren(renderer.canvas);
    if (this.#style) renderer.setStyle(this.#style);
    if (this.#points) renderer.take(this.#points, this.#looks, 0, this.#from);
    this.invalidate();
    this.#request();
  }

  /** What is drawn, when the frame needs nothing more of it than another place. */
  #usable(frame: LayerFrame): PointFrame | null {
    const drawn = this.#drawn;
    if (!drawn) return null;
    const same =
      drawn.pixelRatio === frame.pixelRatio && drawn.mask === frame.mask && drawn.onTop === frame.onTop;
    if (!same) return null;
    const appended = this.#since < (this.#points?.count ?? 0);
    if (appended && (drawn.rows || frame.growing.length || drawn.onTop.length)) return null;
    if (drawn.camera.k !== frame.camera.k || drawn.radius !== frame.radius) {
      if (frame.inView < MANY || appended) return null;
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => {
        this.invalidate();
        this.#request();
      }, REST_MS);
      return drawn;
    }
    const { left, top } = offset(drawn, frame);
    const reaches = (start: number, length: number, view: number) => start <= 0 && start + length >= view;
    return reaches(left, drawn.width, frame.width) && reaches(top, drawn.height, frame.height) ? drawn : null;
  }

  #place(element: HTMLElement, drawn: PointFrame, frame: LayerFrame): void {
    const { left, top, scale } = offset(drawn, frame);
    const whole = (value: number) => Math.round(value * frame.pixelRatio) / frame.pixelRatio;
    element.style.transform = `translate(${whole(left)}px, ${whole(top)}px) scale(${scale})`;
  }
}

function canvas(): HTMLCanvasElement {
  return h("canvas", { class: "dc-map-points" });
}

/** Where the corner of what is drawn lies in the view, and at which scale. */
function offset(drawn: PointFrame, { camera }: LayerFrame): { left: number; top: number; scale: number } {
  const scale = camera.k / drawn.camera.k;
  return { left: camera.tx - drawn.camera.tx * scale, top: camera.ty - drawn.camera.ty * scale, scale };
}
