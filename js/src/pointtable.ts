import { type Bounds, nowhere, widen } from "./bounds";
import { nextCapacity } from "./capacity";
import { IdRuns } from "./idruns";
import type { PointBlock } from "./points";

/** Where points were before all rows were replaced. */
export type Former = Pick<PointTable, "id" | "x" | "y" | "count">;

const COLUMNS = ["id", "x", "y", "classIndex", "iteration", "origin", "hidden", "flagged"] as const;

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
  /** How many pictures are drawn, and how many of those are generated. */
  shown = 0;
  shownGenerated = 0;
  #rows = new IdRuns();
  #extent: Bounds | null = nowhere();

  /** The box around all that is drawn; turned inside out when nothing is. */
  get extent(): Bounds {
    if (!this.#extent) {
      this.#extent = nowhere();
      for (let row = 0; row < this.count; row++) {
        if (this.drawn(row)) widen(this.#extent, this.x[row], this.y[row]);
      }
    }
    return this.#extent;
  }

  /** The row of a picture, or -1. */
  row(id: number): number {
    return this.#rows.row(id);
  }

  /** Takes over all rows, and says where they were before. */
  replace(block: PointBlock): Former {
    const { id, x, y, count } = this;
    for (const name of COLUMNS) this.#resize(name, 0); // new ones: the former are told
    this.count = this.shown = this.shownGenerated = 0;
    this.#rows = new IdRuns();
    this.#extent = nowhere();
    this.append(block);
    return { id, x, y, count };
  }

  /** Adds the rows that are new and overwrites the others; returns the first new row. */
  append(block: PointBlock): number {
    const start = this.count;
    if (start + block.count > this.id.length) {
      const capacity = nextCapacity(this.id.length, start + block.count);
      for (const name of COLUMNS) this.#resize(name, capacity);
    }
    eachRun(block, (first, length, from) => {
      if (this.#rows.below(first)) {
        this.#add(block, from, first, length);
        return;
      }
      for (let i = 0; i < length; i++) {
        const row = this.row(first + i);
        if (row < 0) this.#add(block, from + i, first + i, 1);
        else this.#overwrite(block, from + i, row);
      }
    });
    return start;
  }

  /** Overwrites rows by id, and says which; rows that are not known are left out. */
  update(block: PointBlock): number[] {
    const rows: number[] = [];
    eachRun(block, (first, length, from) => {
      for (let i = 0; i < length; i++) {
        const row = this.row(first + i);
        if (row < 0) continue;
        this.#overwrite(block, from + i, row);
        rows.push(row);
      }
    });
    return rows;
  }

  /** Whether the row has a place on the map and is not in the recycle bin. */
  drawn(row: number): boolean {
    return this.hidden[row] === 0 && Number.isFinite(this.x[row]) && Number.isFinite(this.y[row]);
  }

  #add(block: PointBlock, from: number, first: number, length: number): void {
    const row = this.count;
    this.#rows.add(first, length, row);
    const { id } = this;
    for (let i = 0; i < length; i++) id[row + i] = first + i;
    this.count += length;
    this.#copy(block, from, row, length);
  }

  #overwrite(block: PointBlock, from: number, row: number): void {
    if (this.drawn(row)) {
      this.shown--;
      this.shownGenerated -= this.origin[row];
      this.#extent = null;
    }
    this.#copy(block, from, row, 1);
  }

  #copy(block: PointBlock, from: number, to: number, length: number): void {
    for (const name of ["x", "y", "classIndex"] as const) {
      this[name].set(block[name].subarray(from, from + length), to);
    }
    const { x, y, iteration, origin, hidden, flagged } = this;
    const { state } = block;
    const box = this.#extent ?? nowhere();
    for (let i = 0, row = to; i < length; i++, row++) {
      const bits = state[from + i];
      iteration[row] = bits & 0x1fff;
      origin[row] = (bits >> 13) & 1;
      hidden[row] = (bits >> 14) & 1;
      flagged[row] = bits >> 15;
      if (hidden[row] || !Number.isFinite(x[row] + y[row])) continue;
      this.shown++;
      this.shownGenerated += origin[row];
      widen(box, x[row], y[row]);
    }
  }

  #resize(name: (typeof COLUMNS)[number], capacity: number): void {
    const old = this[name];
    const column = new (old.constructor as new (length: number) => typeof old)(capacity);
    if (capacity) column.set(old);
    Object.assign(this, { [name]: column });
  }
}

/** Each run of a block: its first id, its length and where it begins in the columns. */
function eachRun({ runs }: PointBlock, visit: (first: number, length: number, from: number) => void): void {
  for (let run = 0, from = 0; run < runs.length; from += runs[run + 1], run += 2) {
    visit(runs[run], runs[run + 1], from);
  }
}
