import type { Family } from "./families";
import { GAP, type Shape } from "./shape";

/** What is left of a family once pictures that are not wanted were taken out. */
export type Shown = Pick<Family, "classId" | "original" | "ids">;

interface Block extends Shown {
  kind: "class" | "family";
  line: number;
  top: number;
}

export interface Line {
  /** The same for as long as the line is at the same place in its family. */
  key: string;
  kind: Block["kind"];
  top: number;
  classId: number;
  /** As in `Family`, on the first line of a family only. */
  original: number | null;
  cells: Cell[];
}

export interface Cell {
  id: number;
  column: number;
  generated: boolean;
}

const TITLE = 30;
const AFTER = 6;

/** Where each picture stands: families broken into lines of equal height, under a title a class. */
export class FamilyLayout {
  readonly lines: number;
  readonly height: number;
  readonly #blocks: Block[] = [];
  readonly #shape: Shape;

  constructor(families: readonly Shown[], shape: Shape) {
    this.#shape = shape;
    let [line, top] = [0, 0];
    let owner: number | null = null;
    for (const { classId, original, ids } of families) {
      if (classId !== owner) {
        this.#blocks.push({ kind: "class", classId, original: 0, ids: new Int32Array(0), line: line++, top });
        top += TITLE;
        owner = classId;
      }
      this.#blocks.push({ kind: "family", classId, original, ids, line, top });
      const lines = Math.max(1, Math.ceil(ids.length / this.#wide(original)));
      line += lines;
      top += lines * (shape.tile + GAP) + AFTER;
    }
    this.lines = line;
    this.height = top;
  }

  line(number: number): Line {
    const block = this.#blocks[this.#before("line", number)];
    const { kind, classId, original, ids } = block;
    const row = number - block.line;
    const top = block.top + row * (this.#shape.tile + GAP);
    const key = `${kind}:${classId}:${original}:${row}`;
    if (kind === "class") return { key, kind, top, classId, original: null, cells: [] };
    const wide = this.#wide(original);
    const first = original < 0 ? 0 : 1;
    const cells = Array.from(ids.subarray(row * wide, (row + 1) * wide), (id, i) => ({
      id,
      column: first + i,
      generated: original >= 0,
    }));
    if (original > 0 && !row) cells.unshift({ id: original, column: 0, generated: false });
    return { key, kind, top, classId, original: row ? null : original, cells };
  }

  /** The number of the line at a height. */
  at(y: number): number {
    if (!this.#blocks.length) return 0;
    const at = this.#before("top", y);
    const { kind, line, top } = this.#blocks[at];
    const last = (this.#blocks[at + 1]?.line ?? this.lines) - 1;
    if (kind === "class") return line;
    return Math.min(last, line + Math.max(0, Math.floor((y - top) / (this.#shape.tile + GAP))));
  }

  /** The nearest line from `number` on that has pictures, forwards or backwards; `number` itself when there is none. */
  withPictures(number: number, step: 1 | -1): number {
    for (const way of [step, -step]) {
      for (let line = number; line >= 0 && line < this.lines; line += way) {
        if (this.line(line).cells.length) return line;
      }
    }
    return number;
  }

  /** The line in which a picture stands, or -1. */
  find(id: number): number {
    for (const { original, ids, line } of this.#blocks) {
      if (original === id) return line;
      const at = ids.indexOf(id);
      if (at >= 0) return line + Math.floor(at / this.#wide(original));
    }
    return -1;
  }

  /** The pictures of lines `from` to `to`, in reading order. */
  pictures(from: number, to: number): number[] {
    const ids: number[] = [];
    for (let line = from; line <= to; line++) for (const { id } of this.line(line).cells) ids.push(id);
    return ids;
  }

  #wide(original: number): number {
    return this.#shape.columns - (original < 0 ? 0 : 1);
  }

  /** The last block that begins at or before. */
  #before(field: "line" | "top", value: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle][field] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
