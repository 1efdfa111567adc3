import { describe, expect, it } from "vitest";
import { gainBars } from "../src/gainbar";

const edit = (gain: number | null, standard_error: number | null = null) => ({
  text: "",
  gain,
  standard_error,
});

describe("gainBars", () => {
  it("puts all bars and whiskers on one scale from zero", () => {
    const [first, second] = gainBars([edit(0.8, 0.2), edit(0.5)]);
    expect(first).toEqual({ zero: 0, from: 0, to: 80, low: expect.closeTo(60), high: 100 });
    expect(second).toEqual({ zero: 0, from: 0, to: 50, low: 50, high: 50 });
  });

  it("draws a loss to the left of zero", () => {
    const [gain, loss] = gainBars([edit(3), edit(-1)]);
    expect(gain).toMatchObject({ zero: 25, from: 25, to: 100 });
    expect(loss).toMatchObject({ zero: 25, from: 0, to: 25 });
  });

  it("has no bar where nothing was measured, and survives gains of nothing", () => {
    expect(gainBars([edit(null), edit(1)])[0]).toBeNull();
    expect(gainBars([edit(0, 0)])[0]).toEqual({ zero: 0, from: 0, to: 0, low: 0, high: 0 });
    expect(gainBars([])).toEqual([]);
  });
});
