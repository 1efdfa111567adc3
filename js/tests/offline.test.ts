import { describe, expect, it } from "vitest";
import { offline } from "../src/offline";
import { readIds, writeIds } from "../src/wireids";

const bytes = (...values: number[]) => new DataView(Uint8Array.from(values).buffer);
const saved = {
  ids: writeIds([3, 8]),
  ends: writeIds([2, 5]),
  images: bytes(1, 2, 3, 4, 5),
  sheets: [{ id: 3 }, { id: 8 }],
  families: [
    // 1 has 3 and 4 in class 7; 5 and 8 come from prompts in class 9
    writeIds([1, 7, 0, 2, 0, 9, 0, 2]),
    writeIds([3, 4, 5, 8]),
    bytes(4, 8, 0, 1),
  ] as [DataView, DataView, DataView],
  wearers: writeIds([20, 3, 20, 8, 21, 3]),
};
const plain = (view: DataView) => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
const families = (args: object) => {
  const [rows, ids, marks] = offline(saved)("families", args as never)?.buffers ?? [];
  return [readIds(rows), readIds(ids), plain(marks)];
};

describe("offline", () => {
  it("has the pictures that were kept, and nothing for others", () => {
    const found = offline(saved)("thumbnails", { ids: [8, 4, 3], size: 96 });
    expect(found?.buffers.map(plain)).toEqual([[3, 4, 5], [], [1, 2]]);
  });

  it("knows who carries a label, and what labels are on a picture", () => {
    const answer = offline(saved);
    expect(answer("label_pictures", { labels: [20, 21] })?.result).toEqual([3, 8]);
    expect(answer("picture_labels", { ids: [3, 4] })?.result).toEqual({ 3: [20, 21], 4: [] });
  });

  it("has all families", () => {
    expect(families({ ids: null, classes: null })).toEqual([
      [1, 7, 0, 2, 0, 9, 0, 2],
      [3, 4, 5, 8],
      [4, 8, 0, 1],
    ]);
  });

  it("leaves open what was not saved", () => {
    expect(offline(saved)("picture", { picture: 4 })).toBeNull();
    expect(offline({})("families", { ids: null, classes: null })).toBeNull();
    expect(offline({})("generate", {} as never)).toBeNull();
    expect(offline({})("thumbnails", { ids: [1], size: 96 })).toBeNull();
    expect(offline({})("proxies", { refs: [1] })).toBeNull();
    const page = offline({ page: true })("thumbnails", { ids: [1], size: 96 });
    expect(page?.buffers[0].byteLength).toBe(0);
  });
});

describe("ids in a trait", () => {
  it("are read wherever they start in their buffer, and from lists", () => {
    const whole = new Uint8Array([9, ...new Uint8Array(writeIds([5, 70_000]).buffer)]);
    expect(readIds(new DataView(whole.buffer, 1))).toEqual([5, 70_000]);
    expect(readIds([4])).toEqual([4]);
    expect(readIds(null)).toEqual([]);
  });
});
