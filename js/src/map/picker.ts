import KDBush from "kdbush";
import type { PointTable } from "../pointtable";

/** Finds the rows near a place or in a box. Appended rows are searched one by one until the index is worth renewing. */
export class Picker {
  readonly #points: PointTable;
  #index: KDBush | null = null;
  #indexed = 0;

  constructor(points: PointTable) {
    this.#points = points;
  }

  /** To be called when rows have moved. */
  invalidate(): void {
    this.#index = null;
    this.#indexed = 0;
  }

  /** The row nearest to (x, y) within `radius` that `wanted` takes, or -1. Later rows are drawn on top and win ties. */
  nearest(x: number, y: number, radius: number, wanted: (row: number) => boolean): number {
    let best = -1;
    let least = radius * radius;
    for (const row of this.box(x - radius, y - radius, x + radius, y + radius)) {
      if (!wanted(row)) continue;
      const distance = (this.#points.x[row] - x) ** 2 + (this.#points.y[row] - y) ** 2;
      if (distance < least || (distance === least && row > best)) {
        least = distance;
        best = row;
      }
    }
    return best;
  }

  /** All rows in a box. */
  box(x0: number, y0: number, x1: number, y1: number): number[] {
    this.#renew();
    const { x, y, count } = this.#points;
    const rows = this.#index ? this.#index.range(x0, y0, x1, y1) : [];
    for (let row = this.#indexed; row < count; row++) {
      if (x[row] >= x0 && x[row] <= x1 && y[row] >= y0 && y[row] <= y1) rows.push(row);
    }
    return rows;
  }

  #renew(): void {
    const { x, y, count } = this.#points;
    if (count - this.#indexed <= Math.max(2000, this.#indexed * 0.25)) return;
    const index = new KDBush(count);
    for (let row = 0; row < count; row++) index.add(x[row], y[row]);
    this.#index = index.finish();
    this.#indexed = count;
  }
}
