import { describe, expect, it } from "vitest";
import { templateParts, writeTemplate } from "../src/slots";

describe("templateParts", () => {
  it("takes slots, words and the class apart", () => {
    expect(templateParts("[a photo of | a sketch of] a {class} bird")).toEqual([
      { kind: "slot", options: ["a photo of", "a sketch of"] },
      { kind: "text", text: " a " },
      { kind: "class" },
      { kind: "text", text: " bird" },
    ]);
  });

  it("keeps an empty option", () => {
    expect(templateParts("[ | bright] {class}")[0]).toEqual({ kind: "slot", options: ["", "bright"] });
  });

  it("takes doubled brackets and braces literally", () => {
    expect(templateParts("[[a | b]] {{class}} [x [[y]] | z]")).toEqual([
      { kind: "text", text: "[[a | b]] {{class}} " },
      { kind: "slot", options: ["x [[y]]", "z"] },
    ]);
  });

  it("keeps what does not parse as text, losing nothing", () => {
    for (const text of ["[open {class", "a {thing} ]", "{{class}}", "[[a]", "[]", "[a | [b]"]) {
      expect(writeTemplate(templateParts(text))).toBe(text);
    }
  });
});

describe("writeTemplate", () => {
  it("writes what was taken apart", () => {
    for (const text of [
      "[a photo of | a sketch of] a {class}",
      "[ | bright] {class}, [day | night]",
      "[ [[x]] | y] z",
    ]) {
      expect(writeTemplate(templateParts(text))).toBe(text);
    }
  });

  it("keeps a slot's bracket and an escaped one beside it apart", () => {
    const parts = [{ kind: "slot" as const, options: ["y", "[[x]]"] }];
    expect(templateParts(writeTemplate(parts))).toEqual(parts);
  });
});
