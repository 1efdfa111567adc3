import { describe, expect, it } from "vitest";
import { Travel } from "../src/map/travel";
import { decodePoints } from "../src/points";
import { PointTable } from "../src/pointtable";
import { block } from "./block";

function table(rows: { id: number; x: number; y: number }[]): PointTable {
  const points = new PointTable();
  points.replace(decodePoints(block(rows)));
  return points;
}

const before = [
  { id: 1, x: 1, y: 2 },
  { id: 2, x: 3, y: 4 },
];
const after = [
  { id: 1, x: 9, y: 8 },
  { id: 2, x: 7, y: 6 },
  { id: 3, x: 5, y: 5 },
];

describe("Travel", () => {
  it("starts where the points were, and new ones where they are", () => {
    const travel = new Travel();
    travel.note(table(before));
    expect([...travel.begin(table(after), 100)!]).toEqual([1, 2, 3, 4, 5, 5]);
    expect([...travel.begin(table(before), 200)!]).toEqual([9, 8, 7, 6]);
  });

  it("does not move what was not there", () => {
    const travel = new Travel();
    expect(travel.begin(table(before), 100)).toBeNull();
    expect(travel.progress(100)).toBe(1);
    const nowhere = new Travel();
    nowhere.note(table([{ id: 1, x: Number.NaN, y: Number.NaN }]));
    expect([...nowhere.begin(table(before), 100)!]).toEqual([1, 2, 3, 4]);
  });

  it("slows down, arrives and stays", () => {
    const travel = new Travel();
    travel.note(table(before));
    travel.begin(table(after), 1000);
    const way = [1000, 1200, 1400, 1650, 9000].map((now) => travel.progress(now));
    expect(way[0]).toBe(0);
    expect(way[1] - way[0]).toBeGreaterThan(way[2] - way[1]);
    expect(way.slice(3)).toEqual([1, 1]);
  });

  it("goes on while points are added, and can be ended", () => {
    const travel = new Travel();
    travel.note(table(before));
    travel.begin(table(before), 1000);
    travel.note(table(after));
    expect(travel.progress(1100)).toBeLessThan(1);
    travel.end(table(after));
    expect(travel.progress(1100)).toBe(1);
    expect([...travel.begin(table(after), 2000)!]).toEqual([9, 8, 7, 6, 5, 5]);
  });
});
