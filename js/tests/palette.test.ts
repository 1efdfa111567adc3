import { describe, expect, it } from "vitest";
import { palette, rgb } from "../src/palette";

// Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
const VISION: Record<string, number[][]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

function oklab(hex: string, vision: number[][]): number[] {
  const light = rgb(hex).map(linear);
  const [r, g, b] = vision.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, w, i) => sum + w * light[i], 0),
      ),
    ),
  );
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

describe("palette", () => {
  it.each([false, true].flatMap((dark) => Object.keys(VISION).map((name) => [name, dark] as const)))(
    "keeps ten classes apart for %s vision (dark: %s)",
    (name, dark) => {
      const colours = palette(10, dark).map((hex) => oklab(hex, VISION[name]));
      for (let i = 0; i < colours.length; i++) {
        for (let j = 0; j < i; j++) {
          expect(Math.hypot(...colours[i].map((part, k) => part - colours[j][k]))).toBeGreaterThan(0.09);
        }
      }
    },
  );

  it("has a colour of its own for each of forty classes", () => {
    expect(new Set(palette(40, false)).size).toBe(40);
    for (const colour of palette(40, true)) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("reads hexadecimal colours", () => {
    expect(rgb("#ff8000").map((part) => Math.round(part * 255))).toEqual([255, 128, 0]);
  });
});
