import { describe, expect, it } from "vitest";
import { asked } from "../src/asked";

describe("asked", () => {
  it("says what the person wanted", () => {
    expect(asked({ kind: "remove", wish: "", pictures: 20 })).toBe("Remove 20 pictures");
    expect(asked({ kind: "more_like", wish: "", pictures: 4 })).toBe("More like these");
    expect(asked({ kind: "transform", wish: "at night", pictures: 4 })).toBe("These, but at night");
    expect(asked({ kind: "without", wish: "", pictures: 4 })).toBe("A without B");
  });

  it("counts only what is more than one", () => {
    expect(asked({ kind: "remove", wish: "", pictures: 1 })).toBe("Remove this picture");
  });
});
