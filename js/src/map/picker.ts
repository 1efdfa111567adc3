import type { Bounds } from "../bounds";
import type { PointTable } from "../pointtable";

interface Index {
  /** Rows, cell by cell; a cell's end where the next one starts. */
  rows: Uint32Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  count: number;
  side: number;
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
    for (const row of this.within({ x0: x - radius, y0: y - radius, x1: x + radius, y1: y + radius })) {
      const distance = (this.#points.x[row] - x) ** 2 + (this.#points.y[row] - y) ** 2;
      if (distance > least || (distance === least && row < best) || !wanted(row)) continue;
      least = distance;
      best = row;
    }
    return best;
  }

  /** All rows in a box. */
  within(box: Bounds): Uint32Array<ArrayBuffer> {
    const { x, y, count } = this.#points;
    const { x0, y0, x1, y1 } = box;
    const found = new Uint32Array(this.count(box));
    let at = 0;
    this.#ranges(box, (rows, from, to) => {
      for (let i = from; i < to; i++) {
        const row = rows[i];
        if (x[row] >= x0 && x[row] <= x1 && y[row] >= y0 && y[row] <= y1) found[at++] = row;
      }
    });
    for (let row = this.#index?.count ?? 0; row < count; row++) {
      if (x[row] >= x0 && x[row] <= x1 && y[row] >= y0 && y[row] <= y1) found[at++] = row;
    }
    return found.subarray(0, at);
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
    const left = cell(box.x0, index.x0, index.scaleX, side);
    const right = cell(box.x1, index.x0, index.scaleX, side);
    const top = cell(box.y1, index.y0, index.scaleY, side);
    for (let line = cell(box.y0, index.y0, index.scaleY, side); line <= top; line++) {
      visit(rows, starts[line * side + left], starts[line * side + right + 1]);
    }
  }

  #renew(): void {
    const { x, y, count, extent } = this.#points;
    const indexed = this.#index?.count ?? 0;
    if (count - indexed <= Math.max(2000, indexed * 0.25)) return;
    const side = Math.min(MOST_CELLS, Math.ceil(Math.sqrt(count / ROWS_A_CELL)));
    const [scaleX, scaleY] = [extent.x1 - extent.x0, extent.y1 - extent.y0].map((span) =>
      span > 0 ? side / span : 0,
    );
    const starts = new Uint32Array(side * side + 1);
    const cells = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      const at = cell(y[row], extent.y0, scaleY, side) * side + cell(x[row], extent.x0, scaleX, side);
      cells[row] = at;
      starts[at]++;
    }
    for (let at = 0, sum = 0; at < starts.length; at++) {
      sum += starts[at];
      starts[at] = sum;
    }
    const rows = new Uint32Array(count);
    for (let row = count - 1; row >= 0; row--) rows[--starts[cells[row]]] = row;
    this.#index = { rows, starts, count, side, x0: extent.x0, y0: extent.y0, scaleX, scaleY };
  }
}

/** The cell of a place along one axis. What lies outside, or nowhere, is put into a cell at the edge. */
function cell(value: number, low: number, scale: number, side: number): number {
  const at = Math.floor((value - low) * scale);
  return at > 0 ? Math.min(at, side - 1) : 0;
}
