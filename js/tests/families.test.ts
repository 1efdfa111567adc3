import { describe, expect, it } from "vitest";
import { decodeFamilies } from "../src/panels/detail/families";
import { familyLayout } from "../src/panels/detail/layout";
import { GAP, SPLIT, shapeOf } from "../src/panels/detail/shape";

const ids = (...numbers: number[]) => Int32Array.from(numbers);
const SHAPE = { columns: 3, tile: 50 };
const FAMILIES = [
  { classId: 1, original: 10, ids: ids(11, 12, 13) },
  { classId: 1, original: 0, ids: ids(20, 21) },
  { classId: 2, original: -1, ids: ids(30, 31, 32, 33) },
];

describe("decodeFamilies", () => {
  it("reads rows with their pictures and marks, wherever the bytes begin", () => {
    const view = (array: Int32Array | Uint8Array) => {
      const bytes = new Uint8Array(array.byteLength + 1);
      bytes.set(new Uint8Array(array.buffer), 1);
      return new DataView(bytes.buffer, 1);
    };
    const found = decodeFamilies([
      view(ids(10, 1, 2, 2, -1, 3, 0, 1)),
      view(ids(11, 12, 30)),
      view(Uint8Array.from([4, 9, 0])),
    ]);
    expect(found).toEqual([
      { classId: 1, original: 10, originalMarks: 2, ids: ids(11, 12), marks: Uint8Array.from([4, 9]) },
      { classId: 3, original: -1, originalMarks: 0, ids: ids(30), marks: Uint8Array.from([0]) },
    ]);
  });

  it("reads no answer as no families", () => {
    expect(decodeFamilies([])).toEqual([]);
  });
});

describe("familyLayout", () => {
  const layout = familyLayout(FAMILIES, SHAPE);

  it("breaks families into lines under a title a class", () => {
    const lines = Array.from({ length: layout.lines }, (_, i) => layout.line(i));
    expect(lines.map(({ kind }) => kind).join(" ")).toBe("class family family family class family family");
    expect(lines.map(({ cells }) => cells.map(({ id, column }) => `${id}@${column}`).join(" "))).toEqual([
      "",
      "10@0 11@1 12@2",
      "13@1",
      "20@1 21@2",
      "",
      "30@0 31@1 32@2",
      "33@0",
    ]);
  });

  it("knows the line at each height", () => {
    for (let number = 0; number < layout.lines; number++) {
      const { top } = layout.line(number);
      expect(layout.at(top)).toBe(number);
      expect(layout.at(top + 20)).toBe(number);
    }
    expect(layout.at(-5)).toBe(0);
    expect(layout.at(layout.height + 1000)).toBe(layout.lines - 1);
  });

  it("finds pictures, and passes over titles", () => {
    expect([10, 13, 21, 33, 99].map((id) => layout.find(id))).toEqual([1, 2, 3, 6, -1]);
    expect(layout.withPictures(4, 1)).toBe(5);
    expect(layout.withPictures(4, -1)).toBe(3);
    expect(layout.withPictures(0, -1)).toBe(1);
    expect(layout.pictures(2, 5)).toEqual([13, 20, 21, 30, 31, 32]);
  });

  it("is empty without families", () => {
    const none = familyLayout([], SHAPE);
    expect([none.lines, none.height, none.at(10), none.find(1), none.withPictures(0, 1)]).toEqual([
      0, 0, 0, -1, 0,
    ]);
  });

  it("finds its place among a million pictures at once", () => {
    const many = Array.from({ length: 100_000 }, (_, i) => ({
      classId: 1,
      original: i * 10 + 1,
      ids: Int32Array.from({ length: 9 }, (_, j) => i * 10 + 2 + j),
    }));
    const large = familyLayout(many, SHAPE);
    expect(large.lines).toBe(1 + 100_000 * 5);
    expect(large.line(large.lines - 1).cells.map(({ id }) => id)).toEqual([1_000_000]);
  });
});

describe("shapeOf", () => {
  it("fills the width with pictures that can be made out", () => {
    for (let width = 120; width < 2000; width += 7) {
      const { columns, tile } = shapeOf(width);
      const used = columns * tile + (columns - 1) * GAP + SPLIT;
      expect(used).toBeLessThanOrEqual(width);
      expect(width - used).toBeLessThan(columns);
      expect(tile).toBeGreaterThanOrEqual(49);
    }
  });
});
