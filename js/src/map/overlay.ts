import { type Bounds, nowhere } from "../bounds";
import { h } from "../dom";
import type { LabelNode, LabelRow, LabelTable } from "../protocol";
import type { Camera } from "./camera";
import { carryOver } from "./carryover";
import { type LabelCut, labelsInView } from "./labelcut";
import { drawLabel, type OverlayColours } from "./labeldrawing";
import { LabelWorld } from "./labelworld";
import { type LabelBox, placeLabels, type Side } from "./layout";
import type { Frame } from "./pointrenderer";

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
  boxes: number[][];
}

/** Draws what is under the labels; says whether it has to be drawn again with the next frame. */
export type Underlay = (
  context: CanvasRenderingContext2D,
  frame: Frame,
  colours: OverlayColours,
  still: boolean,
) => boolean;

export type Overlay = ReturnType<typeof labelOverlay>;

const FADE_MS = 120;
const PIXELS_A_LABEL = 120 * 60;
const ROOM = 120; // that texts have beside the outermost places
const WIDEST = 220;

/** Content labels over the points: as many as there is room for, without overlaps, steady while the map moves. */
export function labelOverlay() {
  const canvas = h("canvas.dc-map-labels", { "aria-hidden": "true" });
  const context = canvas.getContext("2d")!;
  const widths = new Map<string, number>();
  const marks = new Map<number, Mark>();
  let world: LabelWorld | null = null;
  let most = 1;
  let cut: LabelCut | null = null;
  /** Where the texts of shown labels are, and were of those that the map was moved away from. */
  let sides = new Map<number, Side>();
  /** Where labels stood before the last projection, for as long as they travel. */
  let former = new Map<number, { x: number; y: number }>();
  let colours: OverlayColours | null = null;
  let drawnAt = 0;

  const present = () => [...marks.values()].filter((mark) => !mark.leaving);
  const nodes = (numbers: readonly number[] = []) => numbers.map((node) => world!.nodes[node]);
  const extent = () => world?.extent ?? nowhere();

  /** Labels for which there is room, on the map or on the part of it that they take up. */
  function budget({ camera, width, height }: Frame): number {
    const { x0, y0, x1, y1 } = extent();
    const [wide, high] = [(x1 - x0) * camera.k + ROOM, (y1 - y0) * camera.k + ROOM];
    const area = Math.min(width * height, wide * high);
    return Math.min(60, Math.max(8, Math.round(area / PIXELS_A_LABEL)));
  }

  function place({ camera, width, height, mix }: Frame): void {
    const order = (node: LabelNode) => {
      if (!sides.has(node.place)) return 2;
      return marks.get(node.place)?.leaving === false ? 0 : 1; // 1 comes back from outside
    };
    const next = nodes(cut?.nodes)
      .sort((a, b) => order(a) - order(b) || pictures(b) - pictures(a))
      .map(measure);
    // Labels on their way to new places are placed as if they were there.
    for (const mark of next) move(mark, camera, 1);
    const placed = placeLabels(next, width, height);
    for (const mark of marks.values()) {
      move(mark, camera, mix);
      mark.leaving = true;
    }
    const before = sides;
    sides = new Map();
    for (const node of nodes(cut?.kept)) {
      const side = before.get(node.place);
      if (side) sides.set(node.place, side);
    }
    for (const { index, side, textX, textY } of placed) {
      const key = next[index].node.place;
      const mark = { ...next[index], side, textX, textY, alpha: marks.get(key)?.alpha ?? 0 };
      move(mark, camera, mix);
      marks.set(key, mark);
      sides.set(key, side);
    }
  }

  function measure(node: LabelNode): Mark {
    const weight = Math.sqrt(pictures(node) / most);
    const height = Math.round((11 + 6.5 * weight) * 2) / 2;
    const text = node.text.length > 28 ? `${node.text.slice(0, 27)}…` : node.text;
    const key = `${height} ${text}`;
    let width = widths.get(key);
    if (width === undefined) {
      context.font = `500 ${height}px ${colours!.font}`;
      width = Math.min(context.measureText(text).width, WIDEST);
      widths.set(key, width);
    }
    const side = sides.get(node.place) ?? null;
    const unplaced = { x: 0, y: 0, textX: 0, textY: 0, alpha: 0, leaving: false };
    return { ...unplaced, node, text, radius: 5 + 5.5 * weight, width, height, side };
  }

  /** Takes a mark, and its text with it, to where its node is in the view. */
  function move(mark: Mark, camera: Camera, mix: number): void {
    const to = mark.node;
    const from = former.get(to.place) ?? to;
    const [x, y] = camera.toScreen(from.x + (to.x - from.x) * mix, from.y + (to.y - from.y) * mix);
    mark.textX += x - mark.x;
    mark.textY += y - mark.y;
    mark.x = x;
    mark.y = y;
  }

  const overlay = {
    canvas,
    /** Drawn between the points and the labels. */
    underlay: null as Underlay | null,
    /** The labels under the pointer or on what is there, and those that are highlighted. */
    near: new Set() as ReadonlySet<number>,
    lit: new Set() as ReadonlySet<number>,

    /** How many labels are shown. */
    get shown(): number {
      return present().length;
    },

    /** The box around the places of all labels. */
    get extent(): Bounds {
      return extent();
    },

    setLabels(table: LabelTable, rows: readonly LabelRow[]): void {
      const next = LabelWorld.of(table, rows);
      if (!next && table.labels.length) return; // the other table is on its way
      former = new Map(world?.nodes.map((node) => [node.place, node]));
      cut = cut && world && next && carryOver(cut, world, next);
      world = next;
      most = Math.max(1, ...(next?.nodes.map(pictures) ?? []));
    },

    setColours(next: OverlayColours): void {
      if (next.font !== colours?.font) widths.clear();
      colours = next;
    },

    /** The node at a place on the screen, or null. */
    hit(px: number, py: number): LabelNode | null {
      const on = ([x0, y0, x1, y1]: readonly number[]) => px >= x0 && px <= x1 && py >= y0 && py <= y1;
      return present().find((mark) => boxes(mark).some(on))?.node ?? null;
    },

    /** The labels shown, on a stage whose corner is at (left, top) of the window. */
    located: (left: number, top: number): LocatedLabel[] =>
      present().map((mark) => ({
        node: mark.node.node,
        text: mark.node.text,
        members: mark.node.members,
        boxes: boxes(mark, left, top),
      })),

    /** Draws a frame; says whether labels are fading, so that there has to be another one. */
    draw(frame: Frame, still: boolean): boolean {
      const { camera, width, height, pixelRatio } = frame;
      canvas.width = Math.max(1, Math.round(width * pixelRatio));
      canvas.height = Math.max(1, Math.round(height * pixelRatio));
      context.scale(pixelRatio, pixelRatio);
      if (!colours) return false;
      if (world) cut = labelsInView(world.tree, camera.seen(width, height), budget(frame), cut);
      place(frame);
      let fading = !!overlay.underlay?.(context, frame, colours, still);
      // After a pause a fade begins with this frame, not with the last one.
      const step = still ? 1 : Math.min(frame.now - drawnAt, 34) / FADE_MS;
      drawnAt = frame.now;
      for (const [key, mark] of marks) {
        mark.alpha = Math.min(1, Math.max(0, mark.alpha + (mark.leaving ? -step : step)));
        if (mark.leaving && mark.alpha === 0) marks.delete(key);
        else fading ||= mark.leaving || mark.alpha < 1;
      }
      for (const mark of [...marks.values()].sort((a, b) => Number(b.leaving) - Number(a.leaving))) {
        const active = mark.node.members.some((label) => overlay.lit.has(label) || overlay.near.has(label));
        drawLabel(context, colours, mark, active, overlay.lit.size > 0 && !active);
      }
      return fading;
    },
  };
  return overlay;
}

function pictures(node: LabelNode): number {
  return node.originals + node.generated;
}

/** The boxes of a label's pie and text, on a stage whose corner is at (left, top). */
function boxes({ x, y, radius, textX, textY, width, height }: Mark, left = 0, top = 0): number[][] {
  return [
    [left + x - radius, top + y - radius, left + x + radius, top + y + radius],
    [left + textX, top + textY - height / 2, left + textX + width, top + textY + height / 2],
  ];
}
