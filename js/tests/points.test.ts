import { describe, expect, it } from "vitest";
import { decodePoints } from "../src/points";
import { block } from "./block";

const ROWS = [
  { id: 7, x: 1.5, y: -2, classIndex: 300, origin: 0, flagged: 1 },
  { id: 8, x: 0, y: 0 },
  { id: 10, x: 0.25, y: 4, classIndex: 1, origin: 1, iteration: 8191, hidden: 1 },
];

describe("decodePoints", () => {
  it.each([0, 1, 2, 3, 4, 8])("reads a block that starts %i bytes into its buffer", (offset) => {
    const points = decodePoints(block(ROWS, { seq: 5, offset }));
    expect([points.seq, points.count]).toEqual([5, 3]);
    expect([...points.runs]).toEqual([7, 2, 10, 1]);
    expect([...points.x]).toEqual([1.5, 0, 0.25]);
    expect([...points.classIndex]).toEqual([300, 0, 1]);
    expect([...points.state]).toEqual([0x8000, 0, 0x7fff]);
  });

  it("reads an empty block", () => {
    expect(decodePoints(block([])).count).toBe(0);
  });

  it("says what is wrong with bytes that are no block, or a cut one", () => {
    expect(() => decodePoints(new DataView(new ArrayBuffer(32)))).toThrow("not a point block");
    const cut = block(ROWS);
    expect(() => decodePoints(new DataView(cut.buffer, 0, cut.byteLength - 1))).toThrow("expected 68 bytes");
  });
});
