import type { PointTable } from "../pointtable";
import type { Camera } from "./camera";

/** Bits of a point's look. */
export const HIDDEN = 1;
export const MUTED = 2;
export const SELECTED = 4;
/** In the set that was kept. */
export const KEPT = 8;
/** Something is wrong with the picture. */
export const FLAGGED = 16;

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
  /** Milliseconds, on the clock of `births`. */
  now: number;
}

/** Draws the points: filled discs for originals, rings for generated pictures. */
export interface PointRenderer {
  readonly canvas: HTMLCanvasElement;
  setPalette(colours: readonly string[], background: string, ink: string): void;
  /** Takes over all rows. `from` holds where they come from (x, y), for a moving picture. */
  replace(points: PointTable, looks: Uint8Array, from: Float32Array | null): void;
  /** Takes over the rows from `start` on. */
  append(points: PointTable, looks: Uint8Array, start: number, now: number): void;
  /** Takes over how all rows look. */
  restyle(points: PointTable, looks: Uint8Array): void;
  draw(frame: Frame): void;
  dispose(): void;
}
