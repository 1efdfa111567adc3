import { nextCapacity } from "./capacity";
import type { PointBlock } from "./points";

/** The page's copy of the pictures on the map: growing columns and an index by picture id. */
export class PointTable {
  count = 0;
  id = new Int32Array(0);
  x = new Float32Array(0);
  y = new Float32Array(0);
  classIndex = new Uint16Array(0);
  iteration = new Uint16Array(0);
  origin = new Uint8Array(0);
  hidden = new Uint8Array(0);
  flagged = new Uint8Array(0);
  #rows = new Map<number, number>();

  /** The row of a picture, or -1. */
  row(id: number): number {
    return this.#rows.get(id) ?? -1;
  }

  replace(block: PointBlock): void {
    this.count = 0;
    this.#rows.clear();
    this.append(block);
  }

  /** Adds the rows that are new and overwrites the others; returns the first new row. */
  append(block: PointBlock): number {
    const start = this.count;
    this.#reserve(start + block.count);
    for (let i = 0; i < block.count; i++) {
      const known = this.row(block.id[i]);
      const row = known >= 0 ? known : this.count++;
      this.#rows.set(block.id[i], row);
      this.#copy(block, i, row);
    }
    return start;
  }

  /** Overwrites rows by id; rows that are not known are left out. */
  update(block: PointBlock): void {
    for (let i = 0; i < block.count; i++) {
      const row = this.row(block.id[i]);
      if (row >= 0) this.#copy(block, i, row);
    }
  }

  /** Whether the row has a place on the map and is not in the recycle bin. */
  drawn(row: number): boolean {
    return this.hidden[row] === 0 && Number.isFinite(this.x[row]) && Number.isFinite(this.y[row]);
  }

  #copy(block: PointBlock, from: number, to: number): void {
    this.id[to] = block.id[from];
    this.x[to] = block.x[from];
    this.y[to] = block.y[from];
    this.classIndex[to] = block.classIndex[from];
    this.iteration[to] = block.iteration[from];
    this.origin[to] = block.origin[from];
    this.hidden[to] = block.hidden[from];
    this.flagged[to] = block.flagged[from];
  }

  #reserve(needed: number): void {
    if (needed <= this.id.length) return;
    const capacity = nextCapacity(this.id.length, needed);
    const grow = <T extends Int32Array | Float32Array | Uint16Array | Uint8Array>(array: T, bigger: T): T => {
      bigger.set(array);
      return bigger;
    };
    this.id = grow(this.id, new Int32Array(capacity));
    this.x = grow(this.x, new Float32Array(capacity));
    this.y = grow(this.y, new Float32Array(capacity));
    this.classIndex = grow(this.classIndex, new Uint16Array(capacity));
    this.iteration = grow(this.iteration, new Uint16Array(capacity));
    this.origin = grow(this.origin, new Uint8Array(capacity));
    this.hidden = grow(this.hidden, new Uint8Array(capacity));
    this.flagged = grow(this.flagged, new Uint8Array(capacity));
  }
}
