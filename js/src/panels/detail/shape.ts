/** Pixels between two pictures, and what more there is between an original and its descendants. */
export const GAP = 6;
export const SPLIT = 10;

/** Columns of pictures that fill a width; the first one is for originals. */
export interface Shape {
  columns: number;
  /** The side of a picture, in pixels. */
  tile: number;
}

/** As many pictures side by side as have room to be made out, from edge to edge. */
export function shapeOf(width: number): Shape {
  const aim = width < 460 ? 52 : 68;
  const columns = Math.max(2, Math.floor((width - SPLIT + GAP) / (aim + GAP)));
  const tile = Math.floor((width - SPLIT - (columns - 1) * GAP) / columns);
  return { columns, tile: Math.max(24, tile) };
}
