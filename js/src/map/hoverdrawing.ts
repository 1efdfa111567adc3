import type { PointTable } from "../pointtable";
import type { OverlayColours } from "./labeldrawing";
import type { OverlayFrame } from "./overlay";

const MOST = 20_000; // of which each is drawn
const FADE_MS = 120;

/** Draws what is under the pointer over the other points: one picture in a ring, several with the others veiled. */
export class HoverDrawing {
  readonly #points: PointTable;
  readonly #colours: () => readonly string[];
  /** Rows by class and origin, which look the same. */
  #groups = new Map<number, number[]>();
  #single = true;
  #since = 0;

  constructor(points: PointTable, colours: () => readonly string[]) {
    this.#points = points;
    this.#colours = colours;
  }

  take(pictures: ReadonlySet<number>): void {
    const points = this.#points;
    const step = Math.ceil(pictures.size / MOST);
    this.#groups = new Map();
    this.#single = pictures.size === 1;
    this.#since = performance.now();
    let i = 0;
    for (const id of pictures) {
      const row = i++ % step ? -1 : points.row(id);
      if (row < 0 || !points.drawn(row)) continue;
      const key = points.classIndex[row] * 2 + points.origin[row];
      const group = this.#groups.get(key);
      if (group) group.push(row);
      else this.#groups.set(key, [row]);
    }
  }

  /** Draws; says whether it is still fading in. */
  draw(
    context: CanvasRenderingContext2D,
    frame: OverlayFrame,
    colours: OverlayColours,
    still: boolean,
  ): boolean {
    if (!this.#groups.size) return false;
    const strength = still || this.#single ? 1 : Math.min(1, (frame.now - this.#since) / FADE_MS);
    context.globalAlpha = 0.72 * strength;
    context.fillStyle = colours.halo;
    if (!this.#single) context.fillRect(0, 0, frame.width, frame.height);
    context.globalAlpha = strength;
    const radius = frame.radius + 0.6;
    for (const [key, rows] of this.#groups) {
      if (this.#single) {
        this.#circles(context, frame, rows, radius + 5);
        context.fillStyle = colours.halo;
        context.fill();
        context.lineWidth = 2;
        context.strokeStyle = colours.text;
        context.stroke();
      }
      this.#circles(context, frame, rows, radius - 0.8 * (key & 1));
      context.fillStyle = key & 1 ? colours.halo : this.#colours()[key >> 1];
      context.fill();
      context.lineWidth = 1.8;
      context.strokeStyle = this.#colours()[key >> 1];
      if (key & 1) context.stroke();
    }
    context.globalAlpha = 1;
    return strength < 1;
  }

  #circles(
    context: CanvasRenderingContext2D,
    { camera, width, height }: OverlayFrame,
    rows: number[],
    r: number,
  ) {
    const { x, y } = this.#points;
    context.beginPath();
    for (const row of rows) {
      const [px, py] = camera.toScreen(x[row], y[row]);
      if (px < -r || py < -r || px > width + r || py > height + r) continue;
      context.moveTo(px + r, py);
      context.arc(px, py, r, 0, 2 * Math.PI);
    }
  }
}
