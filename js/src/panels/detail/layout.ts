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
export interface FamilyLayout {
  /** How many lines there are. */
  readonly lines: number;
  readonly height: number;
  line(number: number): Line;
  /** The number of the line at a height. */
  at(y: number): number;
  /** The nearest line from `number` on that has pictures, forwards or backwards; `number` itself when there is none. */
  withPictures(number: number, step: 1 | -1): number;
  /** The line in which a picture stands, or -1. */
  find(id: number): number;
  /** The pictures of lines `from` to `to`, in reading order. */
  pictures(from: number, to: number): number[];
}

export function familyLayout(families: readonly Shown[], { columns, tile }: Shape): FamilyLayout {
  const blocks: Block[] = [];
  const step = tile + GAP;
  const wide = (original: number) => (original < 0 ? columns : columns - 1);
  let [lines, height] = [0, 0];
  let owner: number | null = null;
  for (const { classId, original, ids } of families) {
    if (classId !== owner) {
      const none = new Int32Array(0);
      blocks.push({ kind: "class", classId, original: 0, ids: none, line: lines++, top: height });
      height += TITLE;
      owner = classId;
    }
    blocks.push({ kind: "family", classId, original, ids, line: lines, top: height });
    const own = Math.max(1, Math.ceil(ids.length / wide(original)));
    lines += own;
    height += own * step + AFTER;
  }

  /** The last block that begins at or before. */
  const before = (field: "line" | "top", value: number): number => {
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (blocks[middle][field] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const line = (number: number): Line => {
    const { kind, classId, original, ids, line: first, top } = blocks[before("line", number)];
    const row = number - first;
    const key = `${kind}:${classId}:${original}:${row}`;
    const start = original < 0 ? 0 : 1;
    const own = ids.subarray(row * wide(original), (row + 1) * wide(original));
    const cells = Array.from(own, (id, i) => ({ id, column: start + i, generated: original >= 0 }));
    if (original > 0 && !row) cells.unshift({ id: original, column: 0, generated: false });
    const isFirst = kind === "family" && !row;
    return { key, kind, top: top + row * step, classId, original: isFirst ? original : null, cells };
  };

  return {
    lines,
    height,
    line,
    at(y) {
      if (!lines) return 0;
      const at = before("top", y);
      const { kind, line: first, top } = blocks[at];
      const last = (blocks[at + 1]?.line ?? lines) - 1;
      return kind === "class" ? first : Math.min(last, first + Math.max(0, Math.floor((y - top) / step)));
    },
    withPictures(number, towards) {
      for (const way of [towards, -towards]) {
        for (let at = number; at >= 0 && at < lines; at += way) if (line(at).cells.length) return at;
      }
      return number;
    },
    find(id) {
      for (const { original, ids, line: first } of blocks) {
        if (original === id) return first;
        const at = ids.indexOf(id);
        if (at >= 0) return first + Math.floor(at / wide(original));
      }
      return -1;
    },
    pictures: (from, to) =>
      Array.from({ length: to - from + 1 }, (_, i) => line(from + i).cells.map(({ id }) => id)).flat(),
  };
}
