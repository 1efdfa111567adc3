import { describe, expect, it } from "vitest";
import { Camera } from "../src/map/camera";
import { pointInPolygon } from "../src/map/geometry";
import { canPoint, computeLooks } from "../src/map/looks";
import { Picker } from "../src/map/picker";
import { FLAGGED, HIDDEN, KEPT, MUTED, SELECTED } from "../src/map/pointrenderer";
import { decodePoints } from "../src/points";
import { PointTable } from "../src/pointtable";
import { UiState } from "../src/ui";
import { block } from "./block";

describe("pointInPolygon", () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];

  it("knows inside from outside", () => {
    expect(pointInPolygon(5, 5, square)).toBe(true);
    expect(pointInPolygon(15, 5, square)).toBe(false);
    expect(pointInPolygon(5, -1, square)).toBe(false);
  });

  it("leaves the dent of a concave lasso out", () => {
    const dented = [0, 0, 10, 0, 10, 10, 5, 2, 0, 10];
    expect(pointInPolygon(5, 8, dented)).toBe(false);
    expect(pointInPolygon(1, 5, dented)).toBe(true);
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
    expect(picker.box(0, 0, 99, 52).length).toBe(5300);
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

describe("computeLooks", () => {
  const table = new PointTable();
  table.append(decodePoints(block([{ id: 1 }, { id: 2, classIndex: 1 }, { id: 3, hidden: 1 }])));
  const classes = [7, 8].map((id) => ({ id, name: "", word: "", originals: 0, generated: 0, hidden: 0 }));
  const looks = (prepare: (ui: UiState) => void) => {
    const ui = new UiState();
    prepare(ui);
    const found = new Uint8Array(3);
    computeLooks(table, classes, ui, found);
    return [...found];
  };

  it("mutes what is not selected, and marks what is", () => {
    expect(looks(() => undefined)).toEqual([0, 0, HIDDEN]);
    expect(looks((ui) => ui.select([2]))).toEqual([MUTED, SELECTED, HIDDEN | MUTED]);
  });

  it("marks what is flagged", () => {
    table.update(decodePoints(block([{ id: 1, flagged: 1 }])));
    expect(looks(() => undefined)).toEqual([FLAGGED, 0, HIDDEN]);
    table.update(decodePoints(block([{ id: 1 }])));
  });

  it("marks set A, and lets it stand out beside a selection", () => {
    const found = looks((ui) => {
      ui.keep([1]);
      ui.select([2]);
    });
    expect(found.slice(0, 2)).toEqual([KEPT, SELECTED]);
  });

  it("mutes other classes", () => {
    expect(looks((ui) => ui.toggleClass(7)).slice(0, 2)).toEqual([0, MUTED]);
  });

  it("lets a highlight stand out beside a selection", () => {
    const found = looks((ui) => {
      ui.select([2]);
      ui.setFocus({ text: "sky", labels: [1], pictures: new Set([1]) });
    });
    expect(found.slice(0, 2)).toEqual([0, SELECTED]);
  });

  it("lets only drawn pictures that are not filtered away be pointed at", () => {
    const ui = new UiState();
    ui.toggleClass(8);
    expect([0, 1, 2].map((row) => canPoint(table, classes, ui, row))).toEqual([false, true, false]);
  });
});
