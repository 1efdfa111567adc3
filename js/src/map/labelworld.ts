import type { LabelNode, LabelRow, LabelTable } from "../protocol";
import type { Bounds } from "./camera";
import { LabelTree } from "./labeltree";

/** The labels' hierarchy, and what each node shows. */
export interface LabelWorld {
  readonly tree: LabelTree;
  readonly nodes: readonly LabelNode[];
  readonly extent: Bounds;
}

/** Joins the tables; null when there is nothing to show, or while one of the tables is newer than the other. */
export function labelWorld(table: LabelTable, rows: readonly LabelRow[]): LabelWorld | null {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const nodes: LabelNode[] = [];
  for (const id of table.labels ?? []) {
    const row = byId.get(id);
    if (!row) return null;
    const { text, x, y, originals, generated } = row;
    nodes.push({ node: nodes.length, place: id, text, x, y, originals, generated, members: [id] });
  }
  if (!nodes.length) return null;
  table.children.forEach(([left, right], i) => {
    const { place, text, x, y } = nodes[table.place[i]];
    nodes.push({
      node: nodes.length,
      place,
      text: table.text[i] ?? text,
      x,
      y,
      originals: table.originals[i],
      generated: table.generated[i],
      members: [...nodes[left].members, ...nodes[right].members],
    });
  });
  const x = nodes.map((node) => node.x);
  const y = nodes.map((node) => node.y);
  const extent = { x0: Math.min(...x), y0: Math.min(...y), x1: Math.max(...x), y1: Math.max(...y) };
  return { tree: new LabelTree(table.children, table.importance, x, y), nodes, extent };
}
