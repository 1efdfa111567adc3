import { counted } from "./amounts";
import type { LanguageInfo } from "./protocol";

type Use = Omit<LanguageInfo, "problem">;

/** What a language model was asked so far, in a few characters. */
export function languageUse(use: Use): string {
  const { calls, cost } = use;
  if (!calls) return "";
  const tokens = (use.prompt_tokens ?? 0) + (use.completion_tokens ?? 0);
  const asked = tokens ? `${counted(calls, "call")} · ${thousands(tokens)} tokens` : counted(calls, "call");
  return cost === null ? asked : `${asked} · ${dollars(cost)}`;
}

/** The same in full, a line a subject. */
export function languageHint({ name, calls, cached, prompt_tokens, completion_tokens, cost }: Use): string {
  const lines = [name];
  if (calls !== null)
    lines.push(`${counted(calls, "call")}; ${counted(cached ?? 0, "answer")} known already`);
  if (prompt_tokens !== null)
    lines.push(
      `${counted(prompt_tokens, "token")} sent, ${counted(completion_tokens ?? 0, "token")} received`,
      cost === null ? "price not known" : `${dollars(cost)} in all`,
    );
  return lines.join("\n");
}

function thousands(count: number): string {
  if (count < 1000) return String(count);
  return count < 999_500
    ? `${(count / 1000).toFixed(count < 9950 ? 1 : 0)}k`
    : `${(count / 1e6).toFixed(1)}M`;
}

function dollars(cost: number): string {
  return cost > 0 && cost < 0.01 ? "< $0.01" : `$${cost.toFixed(2)}`;
}
