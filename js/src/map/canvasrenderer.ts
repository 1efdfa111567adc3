import type { PointTable } from "../pointtable";
import { FLAGGED, type Frame, HIDDEN, KEPT, MUTED, type PointRenderer, SELECTED } from "./pointrenderer";

/** The same picture without WebGL2, for machines that have none. */
export class CanvasRenderer implements PointRenderer {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #points: PointTable | null = null;
  #looks: Uint8Array = new Uint8Array(0);
  #from: Float32Array | null = null;
  #colours: readonly string[] = [];
  #background = "#ffffff";
  #ink = "#000000";

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  setPalette(colours: readonly string[], background: string, ink: string): void {
    this.#colours = colours;
    this.#background = background;
    this.#ink = ink;
  }

  replace(points: PointTable, looks: Uint8Array, from: Float32Array | null): void {
    this.#points = points;
    this.#looks = looks;
    this.#from = from;
  }

  append(points: PointTable, looks: Uint8Array): void {
    this.#points = points;
    this.#looks = looks;
  }

  restyle(points: PointTable, looks: Uint8Array): void {
    this.append(points, looks);
  }

  draw(frame: Frame): void {
    const context = this.#context;
    this.canvas.width = Math.max(1, Math.round(frame.width * frame.pixelRatio));
    this.canvas.height = Math.max(1, Math.round(frame.height * frame.pixelRatio));
    context.scale(frame.pixelRatio, frame.pixelRatio);
    const points = this.#points;
    if (!points) return;
    for (let row = 0; row < points.count; row++) {
      const look = this.#looks[row];
      if (look & HIDDEN || Number.isNaN(points.x[row])) continue;
      const moving = this.#from && frame.mix < 1 && row * 2 + 1 < this.#from.length;
      const blend = (to: number, axis: number) =>
        moving ? this.#from![row * 2 + axis] * (1 - frame.mix) + to * frame.mix : to;
      const [px, py] = frame.camera.toScreen(blend(points.x[row], 0), blend(points.y[row], 1));
      const colour = this.#colours[points.classIndex[row] % Math.max(1, this.#colours.length)] ?? "#888888";
      const selected = (look & SELECTED) !== 0;
      const ring = points.origin[row] === 1;
      context.globalAlpha = look & MUTED ? 0.16 : look & FLAGGED ? 0.5 : 1;
      context.beginPath();
      context.arc(px, py, frame.radius * (selected ? 1.3 : 1) - 0.75, 0, 2 * Math.PI);
      context.fillStyle = ring ? `${colour}33` : colour;
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = look & (SELECTED | KEPT) ? this.#ink : ring ? colour : this.#background;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  dispose(): void {
    this.#points = null;
  }
}
