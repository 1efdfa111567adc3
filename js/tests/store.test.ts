import { describe, expect, it } from "vitest";
import { decodePoints } from "../src/points";
import { type PointsChange, Store } from "../src/store";
import { UiState } from "../src/ui";
import { block } from "./block";

describe("Store", () => {
  it("tells of tables that changed, and only of those", () => {
    const store = new Store();
    const heard: string[] = [];
    const life = new AbortController();
    store.on("templates", () => heard.push("templates"), life.signal);
    store.on("metrics", () => heard.push("metrics"), life.signal);
    const template = { id: 1, class_id: 1, text: "a {class}", negative: "", origin: "user" };
    store.apply({ templates: [template], metrics: [] });
    store.apply({ templates: [{ ...template }] });
    expect(heard).toEqual(["templates"]);
    life.abort();
    store.apply({ templates: [] });
    expect(heard).toEqual(["templates"]);
  });

  it("leaves a table alone that was never filled", () => {
    const store = new Store();
    store.apply({ info: {} as never });
    expect(store.get("info").classes).toEqual([]);
  });

  it("says how the points changed", () => {
    const store = new Store();
    const heard: PointsChange[] = [];
    store.on("points", (change) => heard.push(change), new AbortController().signal);
    store.replacePoints(decodePoints(block([{ id: 1 }])));
    store.appendPoints(decodePoints(block([{ id: 2 }, { id: 3 }])));
    store.updatePoints(decodePoints(block([{ id: 1, hidden: 1 }])));
    expect(heard).toMatchObject([
      { kind: "replaced", former: { count: 0 } },
      { kind: "appended", start: 1 },
      { kind: "updated", rows: [0] },
    ]);
  });
});

describe("UiState", () => {
  it("narrows to one class, adds others, and widens again", () => {
    const ui = new UiState();
    ui.toggleClass(1);
    expect([...ui.classes]).toEqual([1]);
    ui.toggleClass(2, true);
    expect([...ui.classes]).toEqual([1, 2]);
    ui.toggleClass(2);
    expect([...ui.classes]).toEqual([2]);
    ui.toggleClass(2);
    expect(ui.classes.size).toBe(0);
  });

  it("tells of a selection once", () => {
    const ui = new UiState();
    const heard: (readonly number[])[] = [];
    ui.on("selection", (ids) => heard.push(ids), new AbortController().signal);
    ui.select([1, 2]);
    ui.select([1, 2]);
    expect(heard).toEqual([[1, 2]]);
  });

  it("keeps set A while the selection changes", () => {
    const ui = new UiState();
    ui.select([1, 2]);
    ui.keep([...ui.selection]);
    ui.select([3]);
    expect(ui.kept).toEqual([1, 2]);
    ui.keep([]);
    expect(ui.kept).toEqual([]);
  });

  it("sends weights only where they are not as usual", () => {
    const ui = new UiState();
    expect(ui.changedWeights("remove")).toBeNull();
    ui.setWeight("remove", "away", 2, 1);
    ui.setWeight("remove", "near", 0, 1);
    ui.setWeight("remove", "away", 1, 1);
    expect(ui.changedWeights("remove")).toEqual({ near: 0 });
    expect(ui.changedWeights("more_like")).toBeNull();
    ui.setWeight("remove", "near", 1, 1);
    expect(ui.changedWeights("remove")).toBeNull();
    ui.setWeight("remove", "near", 3, 1);
    ui.resetWeights("remove");
    expect(ui.changedWeights("remove")).toBeNull();
  });
});
