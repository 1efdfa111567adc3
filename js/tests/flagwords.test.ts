import { expect, it } from "vitest";
import { flagWords } from "../src/flagwords";

it("names what is wrong, the most frequent first", () => {
  expect(flagWords({ blank: 1, near_original: 2, nan: 0 })).toBe("2 near-copies of originals, 1 blank");
  expect(flagWords({ duplicate: 1, odd_kind: 1 })).toBe("1 duplicate, 1 odd kind");
  expect(flagWords({})).toBe("");
});
