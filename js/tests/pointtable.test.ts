import { describe, expect, it } from "vitest";
import { nextCapacity } from "../src/capacity";
import { decodePoints } from "../src/points";
import { PointTable } from "../src/pointtable";
import { block } from "./block";

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: from + i, x: from + i }));

describe("nextCapacity", () => {
  it("doubles, and starts at the least", () => {
    expect(nextCapacity(0, 1)).toBe(256);
    expect(nextCapacity(256, 257)).toBe(512);
    expect(nextCapacity(256, 5000)).toBe(8192);
    expect(nextCapacity(512, 100)).toBe(512);
  });

  it("grows a logarithmic number of times", () => {
    let [capacity, growths] = [0, 0];
    for (let n = 1; n <= 100_000; n++) {
      const next = nextCapacity(capacity, n);
      if (next !== capacity) growths++;
      capacity = next;
    }
    expect(growths).toBeLessThan(11);
  });
});

describe("PointTable", () => {
  it("keeps every row over many appends", () => {
    const table = new PointTable();
    for (let n = 1; n < 2000; n += 64) expect(table.append(decodePoints(block(rows(n, n + 64))))).toBe(n - 1);
    expect(table.count).toBe(2048);
    expect(table.x[table.row(1500)]).toBe(1500);
  });

  it("takes a repeated append as an update", () => {
    const table = new PointTable();
    table.append(decodePoints(block(rows(1, 4))));
    table.append(decodePoints(block([{ id: 2, hidden: 1 }, { id: 9 }])));
    expect(table.count).toBe(4);
    expect(table.drawn(table.row(2))).toBe(false);
  });

  it("updates known rows only", () => {
    const table = new PointTable();
    table.append(decodePoints(block(rows(1, 3))));
    table.update(decodePoints(block([{ id: 2, x: 40 }, { id: 77 }])));
    expect(table.count).toBe(2);
    expect(table.x[1]).toBe(40);
    expect(table.row(77)).toBe(-1);
  });

  it("finds pictures whose ids come with gaps and out of order", () => {
    const table = new PointTable();
    table.append(decodePoints(block([{ id: 10 }, { id: 11 }, { id: 20 }])));
    expect(table.append(decodePoints(block([{ id: 5 }, { id: 12 }, { id: 21 }])))).toBe(3);
    expect([5, 10, 11, 12, 20, 21].map((id) => table.row(id))).toEqual([3, 0, 1, 4, 2, 5]);
    expect([1, 6, 13, 22].map((id) => table.row(id))).toEqual([-1, -1, -1, -1]);
    expect([...table.id.subarray(0, 6)]).toEqual([10, 11, 20, 5, 12, 21]);
  });

  it("reads the state of a picture from its bits", () => {
    const table = new PointTable();
    table.append(decodePoints(block([{ id: 1, iteration: 12, origin: 1, flagged: 1 }])));
    expect([table.iteration[0], table.origin[0], table.hidden[0], table.flagged[0]]).toEqual([12, 1, 0, 1]);
  });

  it("knows how many are drawn and the box around them, whatever is hidden or moved", () => {
    const table = new PointTable();
    expect(table.extent.x0).toBe(Infinity);
    table.append(
      decodePoints(
        block([
          { id: 1, x: 5 },
          { id: 2, x: -3, origin: 1 },
          { id: 3, x: 9, hidden: 1 },
        ]),
      ),
    );
    expect([table.shown, table.shownGenerated]).toEqual([2, 1]);
    expect(table.extent).toEqual({ x0: -3, x1: 5, y0: 0, y1: 0 });
    table.update(
      decodePoints(
        block([
          { id: 2, x: -3, origin: 1, hidden: 1 },
          { id: 3, x: 9 },
        ]),
      ),
    );
    expect([table.shown, table.shownGenerated]).toEqual([2, 0]);
    expect(table.extent).toEqual({ x0: 5, x1: 9, y0: 0, y1: 0 });
  });

  it("says where the rows were that it replaced", () => {
    const table = new PointTable();
    table.append(decodePoints(block([{ id: 1, x: 5 }])));
    const former = table.replace(decodePoints(block([{ id: 1, x: 7 }, { id: 2 }])));
    expect([former.count, former.id[0], former.x[0], table.x[0], table.count]).toEqual([1, 1, 5, 7, 2]);
  });

  it("does not draw a picture without a place", () => {
    const table = new PointTable();
    table.append(decodePoints(block([{ id: 1, x: Number.NaN }])));
    expect(table.drawn(0)).toBe(false);
  });
});
