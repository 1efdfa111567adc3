import type { Bounds } from "../bounds";
import type { LabelNode, LabelRow, LabelTable } from "../protocol";
import { LabelTree } from "./labeltree";

/** The labels' hierarchy, and what each node shows. */
export class LabelWorld {
  readonly tree: LabelTree;
  readonly nodes: LabelNode[];
  readonly extent: Bounds;
  readonly #x: number[];
  readonly #y: number[];

  private constructor(nodes: LabelNode[], table: LabelTable) {
    this.nodes = nodes;
    this.#x = nodes.map((node) => node.x);
    this.#y = nodes.map((node) => node.y);
    this.tree = new LabelTree(table.children, table.importance, this.#x, this.#y);
    const [x, y] = [this.#x, this.#y];
    this.extent = { x0: Math.min(...x), y0: Math.min(...y), x1: Math.max(...x), y1: Math.max(...y) };
  }

  /** Joins the tables; null when there is nothing to show, or while one of the tables is newer than the other. */
  static of(table: LabelTable, rows: readonly LabelRow[]): LabelWorld | null {
    const byId = new Map(rows.map((row) => [row.id, row]));
    const nodes: LabelNode[] = [];
    for (const id of table.labels) {
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
    return new LabelWorld(nodes, table);
  }

  /** Lets a node stand at another of its labels, and go by its name unless it has one of its own. */
  stand(node: number, leaf: number): void {
    const old = this.nodes[node];
    const { place, text, x, y } = this.nodes[leaf];
    if (old.place === place || !old.members.includes(place)) return;
    const former = this.nodes.find((each) => each.place === old.place)!; // leaves come first
    this.nodes[node] = { ...old, place, x, y, text: old.text === former.text ? text : old.text };
    this.#x[node] = x;
    this.#y[node] = y;
  }
}
