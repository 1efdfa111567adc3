/** The hierarchy of content labels: leaves first, then inner nodes from the lowest to the root. */
export class LabelTree {
  readonly count: number;
  readonly leaves: number;
  readonly children: readonly (readonly [number, number])[];
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** Of the deepest node, at least 1. */
  readonly height: number;
  readonly importance: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];

  /** `children` are those of the inner nodes; the others have a value for each node. */
  constructor(
    children: readonly (readonly [number, number])[],
    importance: readonly number[],
    x: readonly number[],
    y: readonly number[],
  ) {
    this.count = importance.length;
    this.leaves = this.count - children.length;
    this.children = children;
    this.importance = importance;
    this.x = x;
    this.y = y;
    this.parent = new Int32Array(this.count).fill(-1);
    this.depth = new Int32Array(this.count);
    for (let node = this.leaves; node < this.count; node++) {
      for (const child of this.below(node)) this.parent[child] = node;
    }
    for (let node = this.count - 2; node >= 0; node--) this.depth[node] = this.depth[this.parent[node]] + 1;
    this.height = this.depth.reduce((a, b) => Math.max(a, b), 1);
  }

  get root(): number {
    return this.count - 1;
  }

  /** The two children of an inner node, nothing of a leaf. */
  below(node: number): readonly number[] {
    return node < this.leaves ? [] : this.children[node - this.leaves];
  }

  /** Steps from every node to this one. */
  distance(node: number): Int32Array {
    const result = new Int32Array(this.count).fill(-1);
    for (let up = node, steps = 0; up >= 0; up = this.parent[up]) result[up] = steps++;
    for (let other = this.count - 1; other >= 0; other--) {
      if (result[other] < 0) result[other] = result[this.parent[other]] + 1;
    }
    return result;
  }

  /** The lowest node at or above both; a parent has a higher number than its children. */
  common(a: number, b: number): number {
    let [one, other] = [a, b];
    while (one !== other) {
      if (one < other) one = this.parent[one];
      else other = this.parent[other];
    }
    return one;
  }
}
