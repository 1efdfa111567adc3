import { expect, test } from "vitest";
import type { PictureEdit } from "../src/protocol";
import { beginning, endsOf, newestStep, trailOf, trailThrough } from "../src/studio/editing/trails";

function edit(id: number, before: number | null, more: Partial<PictureEdit> = {}): PictureEdit {
  const row = { id, picture_id: 7, before, chosen: 10 * id, state: "chosen", aside: false, ...more };
  return row as PictureEdit;
}

// 1 → 2 → 4, a branch 1 → 3 that was put aside, and another beginning 5 of which nothing is chosen.
const ROWS = [
  edit(5, null, { chosen: null, state: "open" }),
  edit(4, 2),
  edit(3, 1, { aside: true }),
  edit(2, 1),
  edit(1, null),
  edit(9, null, { picture_id: 8 }),
];

const ids = (rows: readonly PictureEdit[]) => rows.map(({ id }) => id);

test("a trail is the way from the picture to a step", () => {
  expect(ids(trailOf(ROWS, 4))).toEqual([1, 2, 4]);
  expect(trailOf(ROWS, null)).toEqual([]);
  expect(trailOf(ROWS, 77)).toEqual([]);
});

test("trails of a picture end where nothing follows", () => {
  expect(ids(endsOf(ROWS, 7))).toEqual([5, 4, 3]);
  expect(ids(endsOf(ROWS, 8))).toEqual([9]);
});

test("the trail through a step goes on to the newest end that was not put aside", () => {
  expect(ids(trailThrough(ROWS, 7, 1))).toEqual([1, 2, 4]);
  expect(ids(trailThrough(ROWS, 7, 3))).toEqual([1, 3]);
  expect(ids(trailThrough(ROWS, 7, null))).toEqual([5]);
  expect(trailThrough([], 7, null)).toEqual([]);
});

test("work goes on at the newest step that was neither put aside nor stopped", () => {
  expect(newestStep(ROWS, 7)).toBe(5);
  expect(
    newestStep([edit(6, null, { state: "withdrawn" }), edit(3, 1, { aside: true }), edit(1, null)], 7),
  ).toBe(1);
  expect(newestStep(ROWS, 70)).toBeNull();
});

test("a next step begins with the last choice, from where one is", () => {
  expect(beginning(ROWS, 4)?.id).toBe(4);
  expect(beginning(ROWS, 5)).toBeNull();
  expect(beginning([edit(6, 1, { chosen: null }), edit(1, null)], 6)?.id).toBe(1);
  expect(beginning(ROWS, null)).toBeNull();
});
