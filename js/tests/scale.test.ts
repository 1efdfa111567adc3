import { describe, expect, it } from "vitest";
import { compact, gainText, hundredths, linearScale } from "../src/scale";

describe("linearScale", () => {
  it("maps the ends of the data to the ends of the range", () => {
    const scale = linearScale([2, 4, 6], [100, 0], 0);
    expect([scale(2), scale(4), scale(6)]).toEqual([100, 50, 0]);
  });

  it("puts a flat series in the middle", () => {
    expect(linearScale([3, 3], [0, 10])(3)).toBeCloseTo(5);
    expect(linearScale([0], [0, 10])(0)).toBeCloseTo(5);
  });

  it("leaves out what is not a number", () => {
    expect(linearScale([1, Number.NaN, 3], [0, 1], 0).domain).toEqual([1, 3]);
    expect(linearScale([], [0, 1], 0).domain).toEqual([0, 1]);
  });
});

describe("compact", () => {
  it.each([
    [0.12345, "0.123"],
    [1.2345, "1.23"],
    [12.345, "12.3"],
    [0.001794, "0.00179"],
    [0.00045, "0.00045"],
    [1234.5, "1,235"],
    [0, "0.000"],
    [-1.5, "−1.50"],
    [0.0000123, "1.2e-5"],
  ])("writes %d as %s", (value, text) => {
    expect(compact(value)).toBe(text);
  });
});

describe("hundredths and gainText", () => {
  it("write scores with two decimals and a true minus", () => {
    expect(hundredths(1.234)).toBe("1.23");
    expect(hundredths(-0.31)).toBe("−0.31");
    expect(gainText(0.4)).toBe("+0.40");
    expect(gainText(-0.06)).toBe("−0.06");
  });

  it("give zero no sign", () => {
    expect(hundredths(-0.001)).toBe("0.00");
    expect(gainText(0.001)).toBe("0.00");
  });
});
