import type { ProposalRow } from "./protocol";
import { KINDS } from "./terms";

/** What the person asked for, as the head of the proposal's card says it. */
export function asked({ kind, wish, pictures }: Pick<ProposalRow, "kind" | "wish" | "pictures">): string {
  if (kind === "transform") return `These, but ${wish}`;
  if (kind === "remove") return pictures === 1 ? "Remove this picture" : `Remove ${pictures} pictures`;
  return KINDS[kind] ?? "A better prompt";
}
