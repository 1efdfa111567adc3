import { describe, expect, it } from "vitest";
import { templateParts } from "../src/slots";

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

  it("keeps what does not parse as text, losing nothing", () => {
    for (const text of ["[open {class", "a {thing} ]", "{{class}}", "[[a]"]) {
      const shown = templateParts(text).map((part) =>
        part.kind === "text"
          ? part.text
          : part.kind === "class"
            ? "{class}"
            : `[${part.options.join(" | ")}]`,
      );
      expect(shown.join("")).toBe(text);
    }
  });
});
