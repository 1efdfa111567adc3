import { describe, expect, it } from "vitest";
import { duration, energy, money } from "../src/amounts";

describe("amounts", () => {
  it("says a duration in the unit that fits", () => {
    expect([0.0123, 0.5, 1.26, 42.4, 79, 5399, 9000].map(duration)).toEqual([
      "12 ms",
      "0.5 s",
      "1.3 s",
      "42 s",
      "1.3 min",
      "90 min",
      "2.5 h",
    ]);
  });

  it("says energy in the unit that fits", () => {
    expect([0.00042, 0.25, 12.4, 2500].map(energy)).toEqual(["0.42 mWh", "0.25 Wh", "12 Wh", "2.5 kWh"]);
  });

  it("keeps small money apart from nothing, and takes any name for a currency", () => {
    expect(money(0.000123, "USD")).toBe("$0.00012");
    expect(money(12.5, "EUR")).toBe("€12.50");
    expect(money(0, "USD")).toBe("$0.00");
    expect(money(3, "core hours")).toBe("3 core hours");
  });
});
