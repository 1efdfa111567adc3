import type { Bounds, PointTable } from "../pointtable";

interface Index {
  /** Rows, cell by cell; a cell's end where the next one starts. */
  rows: Uint32Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  count: number;
  side: number;
  cell: (x: number, low: number, scale: number) => number;
  x0: number;
  y0: number;
  scaleX: number;
  scaleY: number;
}

const ROWS_A_CELL = 3;
const MOST_CELLS = 512; // a side

/** Finds the rows near a place or in a box. Appended rows are searched one by one until the index is worth renewing. */
export class Picker {
  readonly #points: PointTable;
  #index: Index | null = null;

  constructor(points: PointTable) {
    this.#points = points;
  }

  /** To be called when rows have moved. */
  invalidate(): void {
    this.#index = null;
  }

  /** The row nearest to (x, y) within `radius` that `wanted` takes, or -1. Later rows are drawn on top and win ties. */
  nearest(x: number, y: number, radius: number, wanted: (row: number) => boolean): number {
    let best = -1;
    let least = radius * radius;
    for (const row of this.box(x - radius, y - radius, x + radius, y + radius)) {
      const distance = (this.#points.x[row] - x) ** 2 + (this.#points.y[row] - y) ** 2;
      if (distance > least || (distance === least && row < best) || !wanted(row)) continue;
      least = distance;
      best = row;
    }
    return best;
  }

  /** All rows in a box. */
  box(x0: number, y0: number, x1: number, y1: number): number[] {
    const { x, y, count } = this.#points;
    const found: number[] = [];
    const test = (row: number) => {
      if (x[row] >= x0 && x[row] <= x1 && y[row] >= y0 && y[row] <= y1) found.push(row);
    };
    this.#ranges({ x0, y0, x1, y1 }, (rows, from, to) => {
      for (let i = from; i < to; i++) test(rows[i]);
    });
    for (let row = this.#index?.count ?? 0; row < count; row++) test(row);
    return found;
  }

  /** About how many rows there are in a box. */
  count(box: Bounds): number {
    let found = 0;
    this.#ranges(box, (_, from, to) => {
      found += to - from;
    });
    return found + this.#points.count - (this.#index?.count ?? 0);
  }

  #ranges(box: Bounds, visit: (rows: Uint32Array, from: number, to: number) => void): void {
    this.#renew();
    const index = this.#index;
    if (!index) return;
    const { side, rows, starts } = index;
    const left = index.cell(box.x0, index.x0, index.scaleX);
    const right = index.cell(box.x1, index.x0, index.scaleX);
    const top = index.cell(box.y1, index.y0, index.scaleY);
    for (let line = index.cell(box.y0, index.y0, index.scaleY); line <= top; line++) {
      visit(rows, starts[line * side + left], starts[line * side + right + 1]);
    }
  }

  #renew(): void {
    const { x, y, count, extent } = this.#points;
    const indexed = this.#index?.count ?? 0;
    if (count - indexed <= Math.max(2000, indexed * 0.25)) return;
    const side = Math.min(MOST_CELLS, Math.ceil(Math.sqrt(count / ROWS_A_CELL)));
    // What lies outside, or nowhere, is put into a cell at the edge.
    const cell = (value: number, low: number, scale: number) =>
      Math.max(0, Math.min(side - 1, Math.floor((value - low) * scale))) || 0;
    const [scaleX, scaleY] = [extent.x1 - extent.x0, extent.y1 - extent.y0].map((span) =>
      span > 0 ? side / span : 0,
    );
    const starts = new Uint32Array(side * side + 1);
    const cells = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      const at = cell(y[row], extent.y0, scaleY) * side + cell(x[row], extent.x0, scaleX);
      cells[row] = at;
      starts[at]++;
    }
    for (let at = 0, sum = 0; at < starts.length; at++) {
      sum += starts[at];
      starts[at] = sum;
    }
    const rows = new Uint32Array(count);
    for (let row = count - 1; row >= 0; row--) rows[--starts[cells[row]]] = row;
    this.#index = { rows, starts, count, side, cell, x0: extent.x0, y0: extent.y0, scaleX, scaleY };
  }
}
