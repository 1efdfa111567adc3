import { describe, expect, it } from "vitest";
import { wordDiff } from "../src/worddiff";

const words = (before: string, after: string, kind: string) =>
  wordDiff(before, after)
    .filter((part) => part.kind === kind)
    .map((part) => part.text.trim());

describe("wordDiff", () => {
  it("finds nothing in equal prompts", () => {
    expect(wordDiff("a photo of a {class}", "a photo of a {class}")).toEqual([
      { kind: "same", text: "a photo of a {class}" },
    ]);
  });

  it("takes a whole option out", () => {
    const before = "[a photo of | a sketch of | a cartoon of] a {class}";
    const after = "[a photo of | a cartoon of] a {class}";
    expect(words(before, after, "gone")).toEqual(["a sketch of |"]);
    expect(words(before, after, "new")).toEqual([]);
  });

  it("takes the last option out", () => {
    expect(words("[red | blue] {class}", "[red] {class}", "gone")).toEqual(["blue"]);
  });

  it("sees a word that came in, at the end or in the middle", () => {
    expect(words("a {class}", "a {class} bird", "new")).toEqual(["bird"]);
    expect(words("a {class} at night", "a small {class} at night", "new")).toEqual(["small"]);
  });

  it("starts from nothing", () => {
    expect(wordDiff("", "machine, street")).toEqual([{ kind: "new", text: "machine, street" }]);
  });

  it("gives the new prompt back from what stays and what is new", () => {
    const after = "[a photo of | a drawing of] a {class} [in the grass | over water], bright";
    const parts = wordDiff("[a photo of | a sketch of] a [bright | dark] {class}", after);
    const text = parts.filter((part) => part.kind !== "gone").map((part) => part.text);
    expect(text.join("")).toBe(after);
  });
});
