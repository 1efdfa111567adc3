/** A box on the map; turned inside out when there is nothing in it. */
export interface Bounds {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export function nowhere(): Bounds {
  return { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
}

/** Makes a box large enough for a place. */
export function widen(box: Bounds, x: number, y: number): void {
  if (x < box.x0) box.x0 = x;
  if (x > box.x1) box.x1 = x;
  if (y < box.y0) box.y0 = y;
  if (y > box.y1) box.y1 = y;
}
