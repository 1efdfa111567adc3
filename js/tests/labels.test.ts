import { describe, expect, it } from "vitest";
import cuts from "../../tests/labels/cuts.json";
import placements from "../../tests/labels/placements.json";
import type { Bounds } from "../src/bounds";
import { carryOver } from "../src/map/carryover";
import { type LabelCut, labelsInView } from "../src/map/labelcut";
import { LabelTree } from "../src/map/labeltree";
import { LabelWorld } from "../src/map/labelworld";
import { type LabelBox, placeLabels, type Side } from "../src/map/layout";
import type { LabelRow, LabelTable } from "../src/protocol";

/** Numbers from 0 to 1 that are the same in every run. */
function random(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("labelsInView", () => {
  it.each(cuts.map((each) => [each.labels, each.budget, each] as const))(
    "chooses as Python does, view after view: %i labels, budget %i",
    (_labels, budget, { children, importance, x, y, steps }) => {
      const tree = new LabelTree(children as unknown as [number, number][], importance, x, y);
      let shown: LabelCut | null = null;
      for (const { view, nodes, kept } of steps) {
        const [x0, y0, x1, y1] = view as [number, number, number, number];
        shown = labelsInView(tree, { x0, y0, x1, y1 }, budget, shown);
        expect({ nodes: shown.nodes, kept: shown.kept }).toEqual({ nodes, kept });
      }
    },
  );
});

describe("placeLabels", () => {
  const box = (x: number, y: number, side: Side | null = null, width = 40): LabelBox => {
    return { x, y, radius: 6, width, height: 12, side };
  };
  const scatter = (seed: number, count: number) => {
    const next = random(seed);
    return Array.from({ length: count }, () => box(next() * 800, next() * 500, null, 20 + next() * 80));
  };
  const expectClear = (labels: readonly LabelBox[], width = 800, height = 500) => {
    const placed = placeLabels(labels, width, height);
    const found = placed.map(({ index, textX, textY }) => {
      const { x, y, radius: r, width: w, height: h } = labels[index];
      return [
        [x - r, y - r, x + r, y + r],
        [textX, textY - h / 2, textX + w, textY + h / 2],
      ];
    });
    const meet = (a: number[], b: number[]) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    const touching = found.filter((mine, i) =>
      found.slice(0, i).some((theirs) => mine.some((a) => theirs.some((b) => meet(a, b)))),
    );
    expect(touching).toEqual([]);
    return placed;
  };

  it.each(placements.map((each) => [each.labels.length, each] as const))(
    "places %i as Python does",
    (_, each) => {
      const placed = placeLabels(each.labels as LabelBox[], 640, 400);
      expect(placed.map(({ index, side }) => [index, side])).toEqual(each.placed);
    },
  );

  it("puts the text right of the pie where there is room, and left at the right edge", () => {
    const [first, second] = placeLabels([box(100, 100), box(375, 200)], 400, 300);
    expect(first).toEqual({ index: 0, side: "right", textX: 110, textY: 100 });
    expect(second.side).toBe("left");
  });

  it("leaves out what would touch a more important label, or one that is there already", () => {
    expect(placeLabels([box(100, 100), box(103, 102)], 400, 300).map(({ index }) => index)).toEqual([0]);
    expect(placeLabels([box(100, 100), box(103, 102, "left")], 400, 300)[0].index).toBe(1);
  });

  it.each([5, 60, 300])("lets no two of %i labels overlap", (count) => {
    for (let seed = 0; seed < 5; seed++) {
      expect(expectClear(scatter(seed, count)).length).toBeGreaterThan(Math.min(count, 20) / 2);
    }
  });

  it("keeps labels and their sides on a random walk over the map", () => {
    for (let seed = 0; seed < 5; seed++) {
      const next = random(seed + 100);
      let labels: LabelBox[] = scatter(seed, 120).map((each) => ({ ...each, x: each.x * 2, y: each.y * 2 }));
      let sides = new Map<number, Side>();
      for (let step = 0; step < 80; step++) {
        const [dx, dy] = [next() * 60 - 32, next() * 60 - 32];
        labels = labels.map((each) => ({ ...each, x: each.x + dx, y: each.y + dy }));
        const here = labels
          .map((each, index) => ({ ...each, side: sides.get(index) ?? null, index }))
          .filter(({ x, y }) => x >= 0 && x <= 800 && y >= 0 && y <= 500);
        const now = new Map(expectClear(here).map(({ index, side }) => [here[index].index, side]));
        for (const { index } of here) if (sides.has(index)) expect(now.get(index)).toBe(sides.get(index));
        sides = now;
      }
    }
  });
});

describe("LabelWorld and carryOver", () => {
  const rows = (texts: string): LabelRow[] =>
    [...texts].map((text, i) => {
      return { id: text.charCodeAt(0), text, x: i, y: i / 2, originals: 3, generated: 1, ratio: 0.5 };
    });
  /** A hierarchy that joins the labels one after the other. */
  const table = (texts: string): LabelTable => {
    const [n, inner] = [texts.length, [...Array(texts.length - 1).keys()]];
    return {
      labels: [...texts].map((text) => text.charCodeAt(0)),
      children: inner.map((i) => [i === 0 ? 0 : n + i - 1, i + 1]),
      place: inner.map(() => 0),
      text: inner.map((i) => (i === 1 ? "group" : null)),
      originals: inner.map((i) => 3 * (i + 2)),
      generated: inner.map((i) => i + 2),
      importance: Array(2 * n - 1).fill(0),
    };
  };
  const members = (texts: string) => [...texts].map((text) => text.charCodeAt(0));

  it("joins the tables", () => {
    const { nodes, tree } = LabelWorld.of(table("abcd"), rows("abcd"))!;
    expect(nodes.map(({ text }) => text)).toEqual(["a", "b", "c", "d", "a", "group", "a"]);
    expect(nodes[5]).toMatchObject({
      place: 97,
      x: 0,
      y: 0,
      originals: 9,
      generated: 3,
      members: members("abc"),
    });
    expect(tree.distance(4)).toEqual(Int32Array.of(1, 1, 2, 3, 0, 1, 2));
  });

  it("waits for the other table, and shows nothing when there is nothing", () => {
    expect(LabelWorld.of(table("abc"), rows("ab"))).toBe(null);
    expect(LabelWorld.of({ ...table("a"), labels: [] }, [])).toBe(null);
  });

  it("finds the same groups when a label was added, and drops those that are gone", () => {
    const before = LabelWorld.of(table("abcd"), rows("abcd"))!;
    const after = LabelWorld.of(table("abecd"), rows("abecd"))!;
    const cut = carryOver({ nodes: [2, 4], kept: [3], size: 2 }, before, after);
    expect(cut.nodes.map((node) => after.nodes[node].members)).toEqual([members("c"), members("ab")]);
    expect(cut.kept.map((node) => after.nodes[node].text)).toEqual(["d"]);
    const fewer = LabelWorld.of(table("cd"), rows("cd"))!;
    expect(carryOver({ nodes: [3, 5], kept: [], size: 2 }, before, fewer).nodes).toEqual([1]);
  });

  it("leaves a group at the label where it stood, and with its name", () => {
    const before = LabelWorld.of({ ...table("abcd"), place: [1, 1, 1] }, rows("abcd"))!;
    const after = LabelWorld.of(table("abcd"), rows("abcd"))!;
    expect(carryOver({ nodes: [4, 2, 3], kept: [], size: 2 }, before, after).nodes).toEqual([2, 3, 4]);
    expect(after.nodes[4]).toMatchObject({ text: "b", place: 98, x: 1 });
    expect(after.tree.x[4]).toBe(1);
    carryOver({ nodes: [5], kept: [], size: 2 }, before, after);
    expect(after.nodes[5]).toMatchObject({ text: "group", place: 98 });
  });

  it("keeps what is shown through such a change", () => {
    const all: Bounds = { x0: -9, y0: -9, x1: 9, y1: 9 };
    const before = LabelWorld.of(table("abcdefg"), rows("abcdefg"))!;
    const after = LabelWorld.of(table("abcdefgh"), rows("abcdefgh"))!;
    const shown = labelsInView(before.tree, all, 4, null);
    const carried = carryOver(shown, before, after);
    expect(carried.nodes.length).toBe(4);
    expect(labelsInView(after.tree, all, 5, carried).nodes).toEqual(
      expect.arrayContaining([...carried.nodes]),
    );
  });
});
