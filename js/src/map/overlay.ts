import type { LabelNode } from "../protocol";
import type { Camera } from "./camera";
import { type PlacedLabel, placeLabels } from "./layout";

export interface OverlayColours {
  text: string;
  halo: string;
  original: string;
  generated: string;
  accent: string;
  font: string;
}

interface Mark {
  node: LabelNode;
  radius: number;
  fontSize: number;
  width: number;
  px: number;
  py: number;
  placed: PlacedLabel;
}

/** Content labels over the points: a pie (original and generated share) and its text, without overlaps. */
export class Overlay {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #nodes: LabelNode[] = [];
  #marks: Mark[] = [];
  #colours: OverlayColours | null = null;
  /** The node under the pointer, and those that are highlighted. */
  hovered = -1;
  lit: ReadonlySet<number> = new Set();

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  setNodes(nodes: readonly LabelNode[]): void {
    this.#nodes = [...nodes].sort((a, b) => b.originals + b.generated - a.originals - a.generated);
  }

  get nodes(): readonly LabelNode[] {
    return this.#nodes;
  }

  setColours(colours: OverlayColours): void {
    this.#colours = colours;
  }

  /** The node at a place on the screen, or null. */
  hit(px: number, py: number): LabelNode | null {
    for (const mark of this.#marks) {
      const { textX, textY } = mark.placed;
      const onPie = (px - mark.px) ** 2 + (py - mark.py) ** 2 <= (mark.radius + 2) ** 2;
      const onText = px >= textX && px <= textX + mark.width && Math.abs(py - textY) <= mark.fontSize * 0.6;
      if (onPie || onText) return mark.node;
    }
    return null;
  }

  draw(camera: Camera, width: number, height: number, pixelRatio: number): void {
    const context = this.#context;
    this.canvas.width = Math.max(1, Math.round(width * pixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * pixelRatio));
    context.scale(pixelRatio, pixelRatio);
    if (!this.#colours) return;
    this.#place(camera, width, height);
    for (const mark of this.#marks) this.#drawMark(mark, this.#colours);
  }

  #place(camera: Camera, width: number, height: number): void {
    const most = Math.max(1, ...this.#nodes.map((node) => node.originals + node.generated));
    const marks = this.#nodes.map((node) => {
      const weight = Math.sqrt((node.originals + node.generated) / most);
      const fontSize = 11 + 6 * weight;
      this.#context.font = `500 ${fontSize}px ${this.#colours?.font}`;
      const text = Math.min(this.#context.measureText(shorten(node.text)).width, 220);
      const [px, py] = camera.toScreen(node.x, node.y);
      return { node, radius: 5 + 5 * weight, fontSize, width: text, px, py };
    });
    const boxes = marks.map(({ px, py, radius, width: w, fontSize }) => ({
      x: px,
      y: py,
      radius,
      width: w,
      height: fontSize,
    }));
    this.#marks = placeLabels(boxes, width, height).map((placed) => ({ ...marks[placed.index], placed }));
  }

  #drawMark(mark: Mark, colours: OverlayColours): void {
    const context = this.#context;
    const { node, px, py, radius, placed } = mark;
    const active = node.node === this.hovered || this.lit.has(node.node);
    context.globalAlpha = this.lit.size && !active ? 0.4 : 1;
    const total = node.originals + node.generated;
    const share = total ? node.generated / total : 0;
    context.beginPath();
    context.arc(px, py, radius + 1.5, 0, 2 * Math.PI);
    context.fillStyle = colours.halo;
    context.fill();
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.fillStyle = colours.original;
    context.fill();
    if (share > 0) {
      context.beginPath();
      context.moveTo(px, py);
      context.arc(px, py, radius, -Math.PI / 2, -Math.PI / 2 + share * 2 * Math.PI);
      context.closePath();
      context.fillStyle = colours.generated;
      context.fill();
    }
    context.font = `500 ${mark.fontSize}px ${colours.font}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = colours.halo;
    context.fillStyle = active ? colours.accent : colours.text;
    const text = shorten(node.text);
    context.strokeText(text, placed.textX, placed.textY + 0.5, 220);
    context.fillText(text, placed.textX, placed.textY + 0.5, 220);
    context.globalAlpha = 1;
  }
}

function shorten(text: string): string {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text;
}
