import { describe, expect, it } from "vitest";
import { languageHint, languageUse } from "../src/languageuse";

const use = {
  name: "gpt",
  calls: 41,
  cached: 1,
  prompt_tokens: 38_120,
  completion_tokens: 2904,
  cost: 0.0075,
};

describe("languageUse", () => {
  it("says calls, tokens and cost", () => {
    expect(languageUse(use)).toBe("41 calls · 41k tokens · < $0.01");
    expect(languageUse({ ...use, calls: 1, prompt_tokens: 100, completion_tokens: 20, cost: 2.5 })).toBe(
      "1 call · 120 tokens · $2.50",
    );
  });

  it("leaves out what is not known", () => {
    expect(languageUse({ ...use, cost: null })).toBe("41 calls · 41k tokens");
    expect(languageUse({ ...use, prompt_tokens: null, completion_tokens: null, cost: null })).toBe(
      "41 calls",
    );
    expect(languageUse({ ...use, calls: 0 })).toBe("");
    expect(languageUse({ ...use, calls: null })).toBe("");
  });

  it("tells it all on demand", () => {
    expect(languageHint(use).split("\n")).toEqual([
      "gpt",
      "41 calls; 1 answer known already",
      "38,120 tokens sent, 2,904 tokens received",
      "< $0.01 in all",
    ]);
    expect(languageHint({ ...use, calls: null, prompt_tokens: null })).toBe("gpt");
  });
});
