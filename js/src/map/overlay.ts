import type { LabelNode, LabelRow, LabelTable } from "../protocol";
import type { Bounds, Camera } from "./camera";
import { carryOver } from "./carryover";
import { type LabelCut, labelsInView } from "./labelcut";
import { drawLabel, type OverlayColours } from "./labeldrawing";
import { LabelWorld } from "./labelworld";
import { type LabelBox, placeLabels, type Side } from "./layout";

/** A label on the screen. It goes by its place: a group and a label of it that stand there are one mark. */
export interface Mark extends LabelBox {
  node: LabelNode;
  text: string;
  textX: number;
  textY: number;
  /** How far it has faded in, 0 to 1. */
  alpha: number;
  leaving: boolean;
}

/** A label as automation sees it: the boxes (left, top, right, bottom) of its pie and of its text. */
export interface LocatedLabel {
  node: number;
  text: string;
  members: number[];
  boxes: [number, number, number, number][];
}

/** How labels are to be drawn. */
export interface OverlayFrame {
  camera: Camera;
  width: number;
  height: number;
  pixelRatio: number;
  /** Radius of a point's disc, CSS pixels. */
  radius: number;
  /** How far points have moved from their former places to the present ones, 0 to 1. */
  mix: number;
  /** Milliseconds, on the clock of `performance.now`. */
  now: number;
}

/** What is drawn under the labels; says whether it has to be drawn again with the next frame. */
export interface Underlay {
  draw(
    context: CanvasRenderingContext2D,
    frame: OverlayFrame,
    colours: OverlayColours,
    still: boolean,
  ): boolean;
}

const FADE_MS = 120;
const PIXELS_A_LABEL = 120 * 60;
const ROOM = 120; // that texts have beside the outermost places

/** Content labels over the points: as many as there is room for, without overlaps, steady while the map moves. */
export class Overlay {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #widths = new Map<string, number>();
  #world: LabelWorld | null = null;
  #most = 1;
  #cut: LabelCut | null = null;
  #marks = new Map<number, Mark>();
  /** Where the texts of shown labels are, and were of those that the map was moved away from. */
  #sides = new Map<number, Side>();
  /** Where labels stood before the last projection, for as long as they travel. */
  #former = new Map<number, { x: number; y: number }>();
  #colours: OverlayColours | null = null;
  #drawnAt = 0;
  /** Drawn between the points and the labels. */
  underlay: Underlay | null = null;
  /** The labels under the pointer or on what is there, and those that are highlighted. */
  near: ReadonlySet<number> = new Set();
  lit: ReadonlySet<number> = new Set();

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  /** How many labels are shown. */
  get shown(): number {
    return this.#present().length;
  }

  /** The box around the places of all labels. */
  get extent(): Bounds {
    return this.#world?.extent ?? { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  }

  setLabels(table: LabelTable, rows: readonly LabelRow[]): void {
    const world = LabelWorld.of(table, rows);
    if (!world && table.labels.length) return; // the other table is on its way
    this.#former = new Map(this.#world?.nodes.map(({ place, x, y }) => [place, { x, y }]));
    this.#cut = this.#cut && this.#world && world ? carryOver(this.#cut, this.#world, world) : null;
    this.#world = world;
    this.#most = Math.max(1, ...(world?.nodes.map(pictures) ?? []));
  }

  setColours(colours: OverlayColours): void {
    if (colours.font !== this.#colours?.font) this.#widths.clear();
    this.#colours = colours;
  }

  /** The node at a place on the screen, or null. */
  hit(px: number, py: number): LabelNode | null {
    const on = ([x0, y0, x1, y1]: readonly number[]) => px >= x0 && px <= x1 && py >= y0 && py <= y1;
    return this.#present().find((mark) => boxes(mark).some(on))?.node ?? null;
  }

  /** The labels shown, on a stage whose corner is at (left, top) of the window. */
  located(left: number, top: number): LocatedLabel[] {
    return this.#present().map((mark) => ({
      node: mark.node.node,
      text: mark.node.text,
      members: mark.node.members,
      boxes: boxes(mark).map(([x0, y0, x1, y1]) => [x0 + left, y0 + top, x1 + left, y1 + top]),
    }));
  }

  /** Draws a frame; says whether labels are fading, so that there has to be another one. */
  draw(frame: OverlayFrame, still: boolean): boolean {
    const { camera, width, height, pixelRatio } = frame;
    const context = this.#context;
    this.canvas.width = Math.max(1, Math.round(width * pixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * pixelRatio));
    context.scale(pixelRatio, pixelRatio);
    if (!this.#colours) return false;
    if (this.#world) {
      const view = seen(camera, width, height);
      this.#cut = labelsInView(this.#world.tree, view, this.#budget(frame), this.#cut);
    }
    this.#place(frame);
    let fading = this.underlay?.draw(context, frame, this.#colours, still) ?? false;
    // After a pause a fade begins with this frame, not with the last one.
    const step = still ? 1 : Math.min(frame.now - this.#drawnAt, 34) / FADE_MS;
    this.#drawnAt = frame.now;
    for (const [key, mark] of this.#marks) {
      mark.alpha = Math.min(1, Math.max(0, mark.alpha + (mark.leaving ? -step : step)));
      if (mark.leaving && mark.alpha === 0) this.#marks.delete(key);
      else fading ||= mark.leaving || mark.alpha < 1;
    }
    const some = this.lit.size > 0;
    for (const mark of [...this.#marks.values()].sort((a, b) => Number(b.leaving) - Number(a.leaving))) {
      const lit = mark.node.members.some((label) => this.lit.has(label));
      const near = mark.node.members.some((label) => this.near.has(label));
      drawLabel(context, this.#colours, mark, lit || near, some && !lit && !near);
    }
    return fading;
  }

  /** Labels for which there is room, on the map or on the part of it that they take up. */
  #budget({ camera, width, height }: OverlayFrame): number {
    const { x0, y0, x1, y1 } = this.extent;
    const [wide, high] = [(x1 - x0) * camera.k + ROOM, (y1 - y0) * camera.k + ROOM];
    const area = Math.min(width * height, wide * high);
    return Math.min(60, Math.max(8, Math.round(area / PIXELS_A_LABEL)));
  }

  #place({ camera, width, height, mix }: OverlayFrame): void {
    const order = (node: LabelNode) => {
      if (!this.#sides.has(node.place)) return 2;
      return this.#marks.get(node.place)?.leaving === false ? 0 : 1; // 1 comes back from outside
    };
    const marks = this.#nodes(this.#cut?.nodes)
      .sort((a, b) => order(a) - order(b) || pictures(b) - pictures(a))
      .map((node) => this.#measure(node));
    // Labels on their way to new places are placed as if they were there.
    for (const mark of marks) this.#move(mark, camera, 1);
    const placed = placeLabels(marks, width, height);
    for (const mark of this.#marks.values()) {
      this.#move(mark, camera, mix);
      mark.leaving = true;
    }
    const away = this.#nodes(this.#cut?.kept).flatMap(({ place }) => {
      const side = this.#sides.get(place);
      return side ? [[place, side] as const] : [];
    });
    this.#sides = new Map(away);
    for (const { index, side, textX, textY } of placed) {
      const { place } = marks[index].node;
      const mark = { ...marks[index], side, textX, textY, alpha: this.#marks.get(place)?.alpha ?? 0 };
      this.#move(mark, camera, mix);
      this.#marks.set(place, mark);
      this.#sides.set(place, side);
    }
  }

  #nodes(numbers: readonly number[] = []): LabelNode[] {
    return numbers.map((node) => this.#world!.nodes[node]);
  }

  #measure(node: LabelNode): Mark {
    const weight = Math.sqrt(pictures(node) / this.#most);
    const height = Math.round((11 + 6.5 * weight) * 2) / 2;
    const text = node.text.length > 28 ? `${node.text.slice(0, 27)}…` : node.text;
    const key = `${height} ${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      this.#context.font = `500 ${height}px ${this.#colours!.font}`;
      width = Math.min(this.#context.measureText(text).width, 220);
      this.#widths.set(key, width);
    }
    const side = this.#sides.get(node.place) ?? null;
    const unplaced = { x: 0, y: 0, textX: 0, textY: 0, alpha: 0, leaving: false };
    return { ...unplaced, node, text, radius: 5 + 5.5 * weight, width, height, side };
  }

  /** Takes a mark, and its text with it, to where its node is in the view. */
  #move(mark: Mark, camera: Camera, mix: number): void {
    const to = mark.node;
    const from = this.#former.get(to.place) ?? to;
    const [x, y] = camera.toScreen(from.x + (to.x - from.x) * mix, from.y + (to.y - from.y) * mix);
    mark.textX += x - mark.x;
    mark.textY += y - mark.y;
    [mark.x, mark.y] = [x, y];
  }

  #present(): Mark[] {
    return [...this.#marks.values()].filter((mark) => !mark.leaving);
  }
}

function pictures(node: LabelNode): number {
  return node.originals + node.generated;
}

function seen(camera: Camera, width: number, height: number): Bounds {
  const [x0, y1] = camera.toData(0, 0);
  const [x1, y0] = camera.toData(width, height);
  return { x0, y0, x1, y1 };
}

/** The boxes of a label's pie and text. */
function boxes(mark: Mark): [number, number, number, number][] {
  const { x, y, radius, textX, textY, width, height } = mark;
  return [
    [x - radius, y - radius, x + radius, y + radius],
    [textX, textY - height / 2, textX + width, textY + height / 2],
  ];
}
