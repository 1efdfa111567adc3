import type { FeedbackKind } from "./protocol";

/** What a kind of feedback is called. */
export const KINDS: Record<FeedbackKind, string> = {
  remove: "Remove",
  more_like: "More like these",
  transform: "Change",
  combine: "A and B",
  without: "A without B",
};

const TERMS: Record<string, string> = {
  away: "How unlike the unwanted pictures",
  near: "How much like the wanted pictures",
  confidence: "How surely of their class",
  diversity: "How unlike each other",
  moved: "How far towards the wish",
  kept: "How much of what they show stays",
  first: "How much like set A",
  second: "How much like set B",
};

/** What a term of an objective measures. */
export function termHint(term: string): string {
  return TERMS[term] ?? termName(term);
}

export function termName(term: string): string {
  return term.replaceAll("_", " ");
}
