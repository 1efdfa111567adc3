import { expect, it } from "vitest";
import { cssToHex } from "../src/csscolour";

it.each([
  ["rgb(255, 128, 0)", "#ff8000"],
  ["rgba(1, 2, 3, 0.5)", "#010203"],
  ["color(srgb 1 0.5 0)", "#ff8000"],
  ["color(srgb 1.2e-7 0 1)", "#0000ff"],
  ["oklch(0.5 0.1 20)", "#808080"],
])("reads %s as %s", (colour, hex) => {
  expect(cssToHex(colour)).toBe(hex);
});
