import { describe, expect, it } from "vitest";
import { Labelling } from "../src/labelling";
import { selectMode } from "../src/selecting";
import { Store } from "../src/store";
import { UiState } from "../src/ui";

const keys = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

describe("selectMode", () => {
  it("replaces, adds with Ctrl, ⌘ or Shift, and takes away with Alt", () => {
    expect(selectMode(keys)).toBe("replace");
    expect(selectMode({ ...keys, ctrlKey: true })).toBe("add");
    expect(selectMode({ ...keys, metaKey: true })).toBe("add");
    expect(selectMode({ ...keys, shiftKey: true })).toBe("add");
    expect(selectMode({ ...keys, altKey: true, shiftKey: true })).toBe("subtract");
  });
});

describe("Labelling", () => {
  const carried: Record<number, number[]> = { 1: [10], 2: [10, 11] };
  function python() {
    const asked: unknown[] = [];
    const ask = async (name: string, args: { labels?: number[]; ids?: number[] }) => {
      asked.push({ name, ...args });
      const result = args.ids
        ? Object.fromEntries(args.ids.map((id) => [id, carried[id] ?? []]))
        : Object.keys(carried)
            .map(Number)
            .filter((id) => args.labels?.some((label) => carried[id].includes(label)));
      return { result, buffers: [] };
    };
    return { asked, ask };
  }

  it("asks once for what it knows, and again when the labels have changed", async () => {
    const { asked, ask } = python();
    const store = new Store();
    const labelling = new Labelling(ask, store, new UiState(), new AbortController().signal);
    expect(await labelling.pictures([11])).toEqual(new Set([2]));
    expect(await labelling.labels([1, 2])).toEqual(new Set([10, 11]));
    expect(labelling.known(2)).toEqual(new Set([10, 11]));
    await labelling.pictures([11]);
    await labelling.labels([2]);
    expect(asked).toHaveLength(2);
    const row = { id: 10, text: "red", x: 0, y: 0, originals: 2, generated: 0, ratio: 1 };
    store.apply({ labels: [row] });
    expect(labelling.known(2)).toBeUndefined();
    await labelling.pictures([11]);
    expect(asked).toHaveLength(3);
  });

  it("asks again after a failure", async () => {
    const { ask } = python();
    let fails = true;
    const first = (...args: Parameters<typeof ask>) =>
      fails ? Promise.reject(new Error("busy")) : ask(...args);
    const labelling = new Labelling(first, new Store(), new UiState(), new AbortController().signal);
    await expect(labelling.pictures([10])).rejects.toThrow("busy");
    fails = false;
    expect(await labelling.pictures([10])).toEqual(new Set([1, 2]));
  });

  it("adds the labels to a picture that the pointer rests on, and nothing to one that it has left", async () => {
    const { asked, ask } = python();
    const ui = new UiState();
    new Labelling(ask, new Store(), ui, new AbortController().signal);
    ui.setHover({ pictures: new Set([1]), labels: new Set() });
    ui.setHover({ pictures: new Set([2]), labels: new Set() });
    await new Promise<void>((resolve) => {
      ui.on("hover", (hover) => hover?.labels.size && resolve(), new AbortController().signal);
    });
    expect(ui.hover).toEqual({ pictures: new Set([2]), labels: new Set([10, 11]) });
    expect(asked).toEqual([{ name: "picture_labels", ids: [2] }]);
  });
});
