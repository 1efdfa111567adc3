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

  it("does not draw a picture without a place", () => {
    const table = new PointTable();
    table.append(decodePoints(block([{ id: 1, x: Number.NaN }])));
    expect(table.drawn(0)).toBe(false);
  });
});
