import { expect, test } from "vitest";
import { arrangementOf } from "../src/arrangement";

test("an arrangement survives the way through the trait", () => {
  const saved = { sizes: { left: 0.3, "right-rows": 0.4 }, collapsed: ["info"], maximised: "map" };
  expect(arrangementOf(JSON.parse(JSON.stringify(saved)))).toEqual(saved);
});

test.each([
  undefined,
  null,
  3,
  "x",
  [],
  { sizes: { left: "1px", right: 4, up: 0.5 }, collapsed: "map", maximised: 1 },
])("what makes no sense is passed over: %j", (value) => {
  expect(arrangementOf(value)).toEqual({ sizes: {}, collapsed: [], maximised: null });
});
