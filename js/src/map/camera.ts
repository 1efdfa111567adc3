import type { Bounds } from "../bounds";

/** Where the map is looked at: `screen = (x · k + tx, −y · k + ty)` in CSS pixels. */
export class Camera {
  k = 1;
  tx = 0;
  ty = 0;
  /** The scale at which everything fits; zoom is told relative to it. */
  home = 1;

  toScreen(x: number, y: number): [number, number] {
    return [x * this.k + this.tx, -y * this.k + this.ty];
  }

  toData(px: number, py: number): [number, number] {
    return [(px - this.tx) / this.k, -(py - this.ty) / this.k];
  }

  /** What a view of the given size shows of the map, and `margin` pixels around it. */
  seen(width: number, height: number, margin = 0): Bounds {
    const [x0, y1] = this.toData(-margin, -margin);
    const [x1, y0] = this.toData(width + margin, height + margin);
    return { x0, y0, x1, y1 };
  }

  pan(dx: number, dy: number): void {
    this.tx += dx;
    this.ty += dy;
  }

  /** Zooms by `factor`, keeping the place under (px, py) where it is. */
  zoom(factor: number, px: number, py: number): void {
    const k = Math.min(Math.max(this.k * factor, this.home * 0.3), this.home * 80);
    const real = k / this.k;
    this.tx = px - (px - this.tx) * real;
    this.ty = py - (py - this.ty) * real;
    this.k = k;
  }

  /** Shows all of `bounds` in a view of the given size. */
  fit(bounds: Bounds, width: number, height: number, padding: number): void {
    const spanX = Math.max(bounds.x1 - bounds.x0, 1e-6);
    const spanY = Math.max(bounds.y1 - bounds.y0, 1e-6);
    const room = (size: number) => Math.max(size - 2 * padding, size * 0.3);
    this.k = Math.min(room(width) / spanX, room(height) / spanY);
    if (spanX <= 1e-6 && spanY <= 1e-6) this.k = 1;
    this.home = this.k;
    this.tx = width / 2 - ((bounds.x0 + bounds.x1) / 2) * this.k;
    this.ty = height / 2 + ((bounds.y0 + bounds.y1) / 2) * this.k;
  }
}
