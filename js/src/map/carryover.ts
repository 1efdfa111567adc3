import type { LabelCut } from "./labelcut";
import type { LabelWorld } from "./labelworld";

/**
 * The same cut in a hierarchy that was made anew: each node goes to the one with mostly the same labels, so that
 * what is shown stays when pictures or labels were added. It also stays at the label where it stood while that is
 * one of its own; `after` is changed for this.
 */
export function carryOver(cut: LabelCut, before: LabelWorld, after: LabelWorld): LabelCut {
  const leaf = new Map<number, number>();
  for (let node = 0; node < after.tree.leaves; node++) leaf.set(after.nodes[node].place, node);
  const found = new Map<number, number>();
  for (const node of [...cut.nodes, ...cut.kept]) {
    const { members, place } = before.nodes[node];
    const present = members.flatMap((label) => leaf.get(label) ?? []);
    if (!present.length) continue;
    const lowest = present.reduce((a, b) => after.tree.common(a, b));
    const all = after.nodes[lowest].members.length + members.length - present.length;
    if (present.length * 2 < all) continue;
    found.set(node, lowest);
    const stand = leaf.get(place);
    if (stand !== undefined) after.stand(lowest, stand);
  }
  const above = new Set<number>();
  for (const node of found.values()) {
    for (let up = after.tree.parent[node]; up >= 0; up = after.tree.parent[up]) above.add(up);
  }
  const renew = (nodes: readonly number[]) =>
    [...new Set(nodes.flatMap((node) => found.get(node) ?? []))]
      .filter((node) => !above.has(node))
      .sort((a, b) => a - b);
  const nodes = renew(cut.nodes);
  return { nodes, kept: renew(cut.kept).filter((node) => !nodes.includes(node)), size: cut.size };
}
