import type { PointTable } from "../pointtable";
import type { Camera } from "./camera";
import type { Places } from "./travel";

/** Bits of a point's look. */
export const HIDDEN = 1;
/** Of the label that is highlighted. */
export const LIT = 2;
export const SELECTED = 4;
/** In the set that was kept. */
export const KEPT = 8;
/** Something is wrong with the picture. */
export const FLAGGED = 16;
export const GENERATED = 32;

/** What colours there are, as "#rrggbb". */
export interface Style {
  /** Of each class, and whether the class is shown in full. */
  colours: readonly string[];
  inFull: readonly boolean[];
  background: string;
  ink: string;
  /** How strong points are that don't stand out, 0 to 1. */
  muted: number;
}

/** What a frame looks like, beside the points themselves. */
export interface Frame {
  camera: Camera;
  width: number;
  height: number;
  pixelRatio: number;
  /** Radius of a disc, CSS pixels. */
  radius: number;
  /** How far points have moved from their former places to the present ones, 0 to 1. */
  mix: number;
  /** Milliseconds since the page was opened. */
  now: number;
}

/** What of the points a renderer is to draw, and how. */
export interface PointFrame extends Omit<Frame, "camera" | "now"> {
  camera: Pick<Camera, "k" | "tx" | "ty">;
  /** Bits of looks that stand out; 0 when nothing is to be told from the rest. */
  mask: number;
  /** The rows to draw, all when null; and those to draw once more, on top. */
  rows: Uint32Array<ArrayBuffer> | null;
  onTop: Uint32Array<ArrayBuffer>;
  /** Rows before this one are drawn already, and stay. */
  since: number;
  /** Rows from `start` on are new: they grow to their size. Ascending. */
  growing: { start: number; size: number }[];
}

/** Draws the points: filled discs for originals, rings for generated pictures. */
export interface PointRenderer {
  readonly canvas: HTMLCanvasElement;
  setStyle(style: Style): void;
  /** Takes over the rows from `start` on. `from` is where all rows come from, for a moving picture. */
  take(points: PointTable, looks: Uint8Array<ArrayBuffer>, start: number, from: Places | null): void;
  /** Takes over how the rows from `start` to `end` look. */
  restyle(looks: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  draw(frame: PointFrame): void;
  dispose(): void;
}

/** Whether a disc of this radius, in device pixels, is too small for a rim: points are dots then. */
export function tooSmall(radius: number): boolean {
  return radius < 1.75;
}

/** Sizes the canvas for a frame; says whether it is as it was. */
export function sizeCanvas(canvas: HTMLCanvasElement, { width, height, pixelRatio }: PointFrame): boolean {
  const wide = Math.max(1, Math.round(width * pixelRatio));
  const high = Math.max(1, Math.round(height * pixelRatio));
  if (canvas.width === wide && canvas.height === high) return true;
  canvas.width = wide;
  canvas.height = high;
  return false;
}
