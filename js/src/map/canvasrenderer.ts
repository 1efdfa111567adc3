import type { PointTable } from "../pointtable";
import {
  FLAGGED,
  GENERATED,
  HIDDEN,
  KEPT,
  type PointFrame,
  type PointRenderer,
  SELECTED,
  type Style,
  sizeCanvas,
  tooSmall,
} from "./pointrenderer";
import type { Places } from "./travel";

const QUIET = 128; // a bit that looks leave free
const FORMS = SELECTED | KEPT | FLAGGED | GENERATED;

/** The same picture without WebGL2. Each form of mark is drawn once, then stamped. */
export class CanvasRenderer implements PointRenderer {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #stamps = new Map<number, HTMLCanvasElement>();
  #stampedFor = 0;
  #points: PointTable | null = null;
  #looks: Uint8Array = new Uint8Array(0);
  #from: Places | null = null;
  #style: Style | null = null;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  setStyle(style: Style): void {
    this.#style = style;
    this.#stampedFor = 0;
  }

  take(points: PointTable, looks: Uint8Array, _start: number, from: Places | null): void {
    this.#points = points;
    this.#looks = looks;
    this.#from = from;
  }

  restyle(): void {}

  draw(frame: PointFrame): void {
    const points = this.#points;
    if (!points || !this.#style) return;
    const same = sizeCanvas(this.canvas, frame);
    const { width, height } = this.canvas;
    if (!same || !frame.since) this.#context.clearRect(0, 0, width, height);
    const radius = frame.radius * frame.pixelRatio;
    if (this.#stampedFor !== radius) this.#stamps.clear();
    this.#stampedFor = radius;
    const { rows, onTop, since, growing } = frame;
    let batch = -1;
    const end = rows ? rows.length : points.count;
    for (let i = rows ? 0 : since; i < end; i++) {
      while (growing[batch + 1]?.start <= i) batch++;
      this.#stamp(frame, rows ? rows[i] : i, rows ? 1 : (growing[batch]?.size ?? 1));
    }
    for (const row of onTop) this.#stamp(frame, row, 1);
  }

  dispose(): void {
    this.#points = null;
    this.#stamps.clear();
    this.canvas.width = this.canvas.height = 0;
  }

  #look(row: number, mask: number): number {
    const look = this.#looks[row];
    const inFull = this.#style!.inFull[this.#points!.classIndex[row]] !== false;
    const quiet = !(look & SELECTED) && (!inFull || (mask !== 0 && !(look & mask)));
    return (look & FORMS) | (quiet ? QUIET : 0);
  }

  #colour(row: number): string {
    return this.#style!.colours[this.#points!.classIndex[row]] ?? "#808080";
  }

  #stamp(frame: PointFrame, row: number, size: number): void {
    const points = this.#points!;
    if (this.#looks[row] & HIDDEN) return;
    const { k, tx, ty } = frame.camera;
    let x = points.x[row];
    let y = points.y[row];
    if (this.#from && frame.mix < 1) {
      x = this.#from.x[row] * (1 - frame.mix) + x * frame.mix;
      y = this.#from.y[row] * (1 - frame.mix) + y * frame.mix;
    }
    const look = this.#look(row, frame.mask);
    const key = points.classIndex[row] * 256 + look;
    const stamp = this.#stamps.get(key) ?? this.#mark(frame, look, this.#colour(row));
    this.#stamps.set(key, stamp);
    const wide = stamp.width * size;
    const ratio = frame.pixelRatio;
    this.#context.drawImage(
      stamp,
      (x * k + tx) * ratio - wide / 2,
      (ty - y * k) * ratio - wide / 2,
      wide,
      wide,
    );
  }

  #mark({ radius, pixelRatio }: PointFrame, look: number, colour: string): HTMLCanvasElement {
    const { ink, background, muted } = this.#style!;
    const r = radius * (look & SELECTED ? 1.3 : 1);
    const marked = look & (SELECTED | KEPT);
    const ring = look & GENERATED;
    const stroke = marked ? 1.75 : 1.5;
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = Math.ceil(2 * r * pixelRatio) + 3;
    const context = stamp.getContext("2d")!;
    context.translate(stamp.width / 2, stamp.width / 2);
    context.scale(pixelRatio, pixelRatio);
    context.globalAlpha = (look & QUIET ? muted : 1) * (look & FLAGGED ? 0.6 : 1);
    const disc = (radius: number, fill: string) => {
      context.beginPath();
      context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.fillStyle = fill;
      context.fill();
    };
    const mixed = (other: string, share: number) => `color-mix(in srgb, ${other} ${share}%, ${colour})`;
    if (tooSmall(radius * pixelRatio)) {
      const wide = Math.max(2, Math.round(2 * r * pixelRatio)) / pixelRatio;
      context.globalAlpha *= 0.9;
      context.fillStyle = marked ? mixed(ink, 35) : ring ? mixed(background, 40) : colour;
      context.fillRect(-wide / 2, -wide / 2, wide, wide);
    } else if (ring) {
      disc(r, `color-mix(in srgb, ${mixed(background, 78)} 62%, transparent)`);
      context.beginPath();
      context.arc(0, 0, Math.max(0, r - stroke / 2), 0, 2 * Math.PI);
      context.lineWidth = stroke;
      context.strokeStyle = marked ? mixed(ink, 35) : colour;
      context.stroke();
    } else {
      disc(r, mixed(marked ? ink : background, 75));
      disc(Math.max(0.5, r - stroke), colour);
    }
    if (look & FLAGGED) {
      context.globalCompositeOperation = "destination-out";
      context.globalAlpha = 1;
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(-r, r);
      context.lineTo(r, -r);
      context.stroke();
    }
    return stamp;
  }
}
