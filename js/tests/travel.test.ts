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

const nothing = new PointTable();

describe("Travel", () => {
  it("starts where the points were, and new ones where they are", () => {
    const from = new Travel().begin(table(after), table(before), 100)!;
    expect([...from.x.subarray(0, 3)]).toEqual([1, 3, 5]);
    expect([...from.y.subarray(0, 3)]).toEqual([2, 4, 5]);
  });

  it("follows a picture whose row has changed", () => {
    const from = new Travel().begin(table(after.slice(1)), table(before), 100)!;
    expect([...from.x.subarray(0, 2)]).toEqual([3, 5]);
  });

  it("does not move what was not there, or stays", () => {
    const travel = new Travel();
    expect(travel.begin(table(before), nothing, 100)).toBeNull();
    expect(travel.begin(table(before), table(before), 100)).toBeNull();
    expect(travel.progress(100)).toBe(1);
    const nowhere = table([{ id: 1, x: Number.NaN, y: Number.NaN }]);
    expect(travel.begin(table(before), nowhere, 100)).toBeNull();
  });

  it("slows down, arrives and stays", () => {
    const travel = new Travel();
    travel.begin(table(after), table(before), 1000);
    const way = [1000, 1200, 1400, 1650, 9000].map((now) => travel.progress(now));
    expect(way[0]).toBe(0);
    expect(way[1] - way[0]).toBeGreaterThan(way[2] - way[1]);
    expect(way.slice(3)).toEqual([1, 1]);
  });

  it("goes on while points are added, and can be ended", () => {
    const travel = new Travel();
    const points = table(after);
    travel.begin(points, table(before), 1000);
    const many = Array.from({ length: 300 }, (_, i) => ({ id: i + 4, x: i, y: i }));
    points.append(decodePoints(block(many)));
    const from = travel.extend(points, 3)!;
    expect([from.x[0], from.x[2], from.x[302]]).toEqual([1, 5, 299]);
    expect(travel.progress(1100)).toBeLessThan(1);
    travel.end();
    expect(travel.progress(1100)).toBe(1);
    expect(travel.extend(points, 3)).toBeNull();
  });
});
