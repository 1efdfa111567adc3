import { expect, it } from "vitest";
import { samplePrompt } from "../src/sampleprompt";
import { templateParts } from "../src/slots";

const sample = (template: string, word: string, random = 0) =>
  samplePrompt(templateParts(template), word, () => random);

it("draws one option a slot", () => {
  expect(sample("[a photo of | a sketch of] a {class}", "dog")).toBe("a photo of a dog");
  expect(sample("[a photo of | a sketch of] a {class}", "dog", 0.9)).toBe("a sketch of a dog");
});

it("repairs articles, blanks and commas", () => {
  expect(sample("a {class} , [ | at night], outside", "owl")).toBe("an owl, outside");
  expect(sample("an {class} and a hour of a unicorn", "pug")).toBe("a pug and an hour of a unicorn");
});

it("writes doubled brackets once", () => {
  expect(sample("a [[{class}]]", "pug")).toBe("a [pug]");
});
