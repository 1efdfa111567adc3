import { describe, expect, it } from "vitest";
import { Camera } from "../src/map/camera";
import { polygonTest } from "../src/map/geometry";
import { canPoint, Looks } from "../src/map/looks";
import { Picker } from "../src/map/picker";
import { FLAGGED, GENERATED, HIDDEN, KEPT, LIT, SELECTED } from "../src/map/pointrenderer";
import { decodePoints } from "../src/points";
import { PointTable } from "../src/pointtable";
import { Store } from "../src/store";
import { UiState } from "../src/ui";
import { block } from "./block";

describe("polygonTest", () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];

  it("knows inside from outside", () => {
    expect(polygonTest(square)(5, 5)).toBe(true);
    expect(polygonTest(square)(15, 5)).toBe(false);
    expect(polygonTest(square)(5, -1)).toBe(false);
  });

  it("leaves the dent of a concave lasso out", () => {
    const dented = [0, 0, 10, 0, 10, 10, 5, 2, 0, 10];
    expect(polygonTest(dented)(5, 8)).toBe(false);
    expect(polygonTest(dented)(1, 5)).toBe(true);
  });
});

describe("Camera", () => {
  it("goes to the screen and back", () => {
    const camera = new Camera();
    camera.fit({ x0: -3, y0: -1, x1: 5, y1: 2 }, 800, 600, 40);
    const [px, py] = camera.toScreen(1.25, 0.5);
    expect(camera.toData(px, py)[0]).toBeCloseTo(1.25);
    expect(camera.toData(px, py)[1]).toBeCloseTo(0.5);
  });

  it("shows everything within the padding", () => {
    const camera = new Camera();
    camera.fit({ x0: -3, y0: -1, x1: 5, y1: 2 }, 800, 600, 40);
    expect(camera.toScreen(-3, 0)[0]).toBeCloseTo(40);
    expect(camera.toScreen(5, 0)[0]).toBeCloseTo(760);
  });

  it("keeps the place under the pointer while zooming", () => {
    const camera = new Camera();
    camera.fit({ x0: 0, y0: 0, x1: 1, y1: 1 }, 500, 500, 20);
    const before = camera.toData(120, 340);
    camera.zoom(3, 120, 340);
    expect(camera.toData(120, 340)[0]).toBeCloseTo(before[0]);
    expect(camera.toData(120, 340)[1]).toBeCloseTo(before[1]);
  });

  it("shows one picture without dividing by nothing", () => {
    const camera = new Camera();
    camera.fit({ x0: 2, y0: 2, x1: 2, y1: 2 }, 500, 400, 20);
    expect(camera.toScreen(2, 2)).toEqual([250, 200]);
  });
});

describe("Picker", () => {
  it("finds indexed and appended rows alike", () => {
    const table = new PointTable();
    const rows = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({
        id: from + i,
        x: (from + i) % 100,
        y: Math.floor((from + i) / 100),
      }));
    table.append(decodePoints(block(rows(0, 5000))));
    const picker = new Picker(table);
    const any = () => true;
    expect(table.id[picker.nearest(50.2, 20.1, 0.5, any)]).toBe(2050);
    table.append(decodePoints(block(rows(5000, 5300))));
    expect(table.id[picker.nearest(10, 52, 0.5, any)]).toBe(5210);
    expect(picker.nearest(50, 500, 0.5, any)).toBe(-1);
    expect(picker.within({ x0: 0, y0: 0, x1: 99, y1: 52 }).length).toBe(5300);
  });

  it("counts the rows of a view about as they are, and finds those outside the box of what is drawn", () => {
    const table = new PointTable();
    const place = (i: number) => ({ id: i, x: i % 90, y: Math.floor(i / 90), hidden: i === 0 ? 1 : 0 });
    table.append(decodePoints(block(Array.from({ length: 8100 }, (_, i) => place(i)))));
    table.update(decodePoints(block([{ id: 0, x: -50, y: 200, hidden: 1 }])));
    const picker = new Picker(table);
    expect([...picker.within({ x0: -60, y0: 150, x1: -40, y1: 250 })]).toEqual([0]);
    expect(picker.within({ x0: -1e9, y0: -1e9, x1: 1e9, y1: 1e9 }).length).toBe(8100);
    const count = picker.count({ x0: 10, y0: 10, x1: 40, y1: 40 });
    expect(count).toBeGreaterThan(850);
    expect(count).toBeLessThan(1300);
  });

  it("indexes points that lie all at one place, or nowhere", () => {
    const table = new PointTable();
    const rows = Array.from({ length: 3000 }, (_, i) => ({ id: i, x: i ? 3 : Number.NaN, y: 4 }));
    table.append(decodePoints(block(rows)));
    expect(new Picker(table).nearest(3, 4, 1, () => true)).toBe(2999);
  });

  it("passes over rows that are not wanted", () => {
    const table = new PointTable();
    table.append(
      decodePoints(
        block([
          { id: 1, x: 0 },
          { id: 2, x: 0.1 },
        ]),
      ),
    );
    expect(new Picker(table).nearest(0, 0, 1, (row) => row !== 0)).toBe(1);
  });
});

describe("Looks", () => {
  const table = new PointTable();
  const rows = [{ id: 1 }, { id: 2, classIndex: 1, origin: 1 }, { id: 3, hidden: 1 }];
  table.append(decodePoints(block(rows)));
  const classes = [7, 8].map((id) => ({ id, name: "", word: "", originals: 0, generated: 0, hidden: 0 }));
  const looked = (prepare: (ui: UiState) => void) => {
    const ui = new UiState();
    prepare(ui);
    const looks = new Looks(table);
    looks.take(0, ui);
    return looks;
  };
  const bytes = (looks: Looks) => [...looks.bytes.subarray(0, table.count)];

  it("tells what is generated, hidden and flagged", () => {
    expect(bytes(looked(() => undefined))).toEqual([0, GENERATED, HIDDEN]);
    table.update(decodePoints(block([{ id: 1, flagged: 1 }])));
    const looks = looked(() => undefined);
    expect(bytes(looks)).toEqual([FLAGGED, GENERATED, HIDDEN]);
    table.update(decodePoints(block([{ id: 1 }])));
    looks.refresh([0]);
    expect(bytes(looks)).toEqual([0, GENERATED, HIDDEN]);
  });

  it("marks what is selected, and lets it stand out with set A", () => {
    const looks = looked((ui) => {
      ui.keep([1]);
      ui.select([2]);
    });
    expect(bytes(looks)).toEqual([KEPT, GENERATED | SELECTED, HIDDEN]);
    expect([looks.mask, ...looks.onTop]).toEqual([SELECTED | KEPT, 0, 1]);
  });

  it("lets a highlight stand out beside a selection, in place of set A", () => {
    const looks = looked((ui) => {
      ui.keep([2]);
      ui.setFocus({ text: "sky", labels: [1], pictures: new Set([1]) });
    });
    expect(bytes(looks)).toEqual([LIT, GENERATED | KEPT, HIDDEN]);
    expect(looks.mask).toBe(SELECTED | LIT);
  });

  it("says which rows changed, and touches no others", () => {
    const ui = new UiState();
    const looks = new Looks(table);
    looks.take(0, ui);
    expect(looks.mark(ui)).toEqual([Infinity, -1]);
    ui.select([2]);
    expect(looks.mark(ui)).toEqual([1, 1]);
    ui.select([1]);
    expect(looks.mark(ui)).toEqual([0, 1]);
    expect(bytes(looks)).toEqual([SELECTED, GENERATED, HIDDEN]);
  });

  it("keeps marks over appended rows", () => {
    const grown = new PointTable();
    grown.append(decodePoints(block([{ id: 1 }])));
    const ui = new UiState();
    ui.select([1]);
    const looks = new Looks(grown);
    looks.take(0, ui);
    grown.append(decodePoints(block(Array.from({ length: 400 }, (_, i) => ({ id: i + 2 })))));
    looks.take(1, ui);
    expect([looks.bytes[0], looks.bytes[1]]).toEqual([SELECTED, 0]);
  });

  it("lets only drawn pictures that are not filtered away be pointed at", () => {
    const ui = new UiState();
    ui.toggleClass(8);
    const store = new Store();
    store.replacePoints(decodePoints(block(rows)));
    store.apply({ info: { ...store.get("info"), classes } });
    expect([0, 1, 2].map((row) => canPoint({ store, ui }, row))).toEqual([false, true, false]);
  });
});
