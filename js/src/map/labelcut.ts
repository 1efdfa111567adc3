import type { Bounds } from "../bounds";
import type { LabelTree } from "./labeltree";

/** The nodes shown in a view, and what the next view needs to know of them. */
export interface LabelCut {
  readonly nodes: readonly number[];
  /** Nodes that were shown at this zoom and are outside now; they come back with their place. */
  readonly kept: readonly number[];
  readonly size: number;
}

const ZOOM_STEP = 1.2;
const SHOWN_MARGIN = 0.5;

/**
 * The labels to show in a view, steady while it is moved. The same as `datacrafter_widget/labels/view.py`, which
 * explains it; both are held to `tests/labels/cuts.json`.
 */
export function labelsInView(
  tree: LabelTree,
  view: Bounds,
  budget: number,
  shown: LabelCut | null,
): LabelCut {
  const { x0, y0, x1, y1 } = view;
  const inside = within(tree, view);
  const below = labelsBelow(tree, inside);
  const size = Math.sqrt((x1 - x0) * (y1 - y0));
  const zoom = shown ? zoomed(size, shown.size) : 0;
  const { gain, worth } = gains(tree, focusOf(tree, inside, below, view), inside, below);
  const before = shown?.nodes ?? [];
  const wanted = new Set(zoom === 0 ? [...before, ...(shown?.kept ?? [])] : []);
  if (zoom > 0) for (const node of before) if (inside[node]) wanted.add(node);
  if (zoom < 0) for (const node of ancestors(tree, before)) gain[node] += SHOWN_MARGIN;
  const { held, others } = frontier(tree, wanted, inside, below);

  const byWorth = (nodes: readonly number[]) =>
    [...nodes].sort((a, b) => rounded(worth[b]) - rounded(worth[a]) || b - a);
  const was = new Set(before);
  const here = held.filter((node) => inside[node]);
  const nodes = byWorth(here.filter((node) => was.has(node)));
  const back = byWorth(here.filter((node) => !was.has(node)));
  nodes.push(...back.slice(0, Math.max(0, budget - nodes.length)));
  let free = Math.max(0, budget - nodes.length);
  if (zoom === 0) {
    const [mx, my] = [((ZOOM_STEP - 1) / 2) * (x1 - x0), ((ZOOM_STEP - 1) / 2) * (y1 - y0)];
    const near = within(tree, { x0: x0 - mx, y0: y0 - my, x1: x1 + mx, y1: y1 + my });
    free = Math.max(0, free - held.filter((node) => near[node] && !inside[node]).length);
  }
  nodes.push(...byWorth(others).slice(0, free));
  free = Math.max(0, free - others.length);
  const chosen = open(tree, nodes, new Set(zoom === 0 ? held : []), gain, inside, below, free);
  return {
    nodes: [...chosen].sort((a, b) => a - b),
    kept: zoom === 0 ? held.filter((node) => !chosen.has(node)).sort((a, b) => a - b) : [],
    size: shown && zoom === 0 ? shown.size : size,
  };
}

function zoomed(size: number, before: number): number {
  if (size * ZOOM_STEP < before) return 1;
  return size > before * ZOOM_STEP ? -1 : 0;
}

function within({ count, x, y }: LabelTree, view: Bounds): Uint8Array {
  return Uint8Array.from({ length: count }, (_, node) =>
    x[node] >= view.x0 && x[node] <= view.x1 && y[node] >= view.y0 && y[node] <= view.y1 ? 1 : 0,
  );
}

function labelsBelow(tree: LabelTree, inside: Uint8Array): Int32Array {
  const found = new Int32Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    found[node] =
      node < tree.leaves ? inside[node] : tree.below(node).reduce((sum, child) => sum + found[child], 0);
  }
  return found;
}

/** The label nearest to the centre of the view; the root where the view holds all labels, or none. */
function focusOf(tree: LabelTree, inside: Uint8Array, below: Int32Array, view: Bounds): number {
  if (below[tree.root] === 0 || below[tree.root] === tree.leaves) return tree.root;
  const [cx, cy] = [(view.x0 + view.x1) / 2, (view.y0 + view.y1) / 2];
  let [nearest, least] = [tree.root, Infinity];
  for (let leaf = 0; leaf < tree.leaves; leaf++) {
    const [dx, dy] = [tree.x[leaf] - cx, tree.y[leaf] - cy];
    const distance = dx * dx + dy * dy;
    if (inside[leaf] && distance < least) [nearest, least] = [leaf, distance];
  }
  return nearest;
}

/** What opening a node is worth, and what the node itself with all below is. */
function gains(tree: LabelTree, focus: number, inside: Uint8Array, below: Int32Array) {
  const distance = tree.distance(focus);
  const gain = new Float64Array(tree.count).fill(-Infinity);
  const worth = new Float64Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    const own = inside[node] ? tree.importance[node] - distance[node] / tree.height : -Infinity;
    for (const child of tree.below(node)) gain[node] = Math.max(gain[node], worth[child]);
    worth[node] = Math.max(gain[node], own);
  }
  for (let node = 0; node < tree.count; node++) {
    const spread = Math.log(Math.max(below[node], 1));
    gain[node] += spread;
    worth[node] += spread;
  }
  return { gain, worth };
}

function ancestors(tree: LabelTree, nodes: Iterable<number>): Set<number> {
  const found = new Set<number>();
  for (const node of nodes) {
    for (let up = tree.parent[node]; up >= 0 && !found.has(up); up = tree.parent[up]) found.add(up);
  }
  return found;
}

/** The coarsest cut through the wanted nodes: those of them that are in it, and the others in the view. */
function frontier(tree: LabelTree, wanted: ReadonlySet<number>, inside: Uint8Array, below: Int32Array) {
  const above = ancestors(tree, wanted);
  const held: number[] = [];
  const others: number[] = [];
  const stack = [tree.root];
  while (stack.length) {
    const node = stack.pop()!;
    if (above.has(node)) stack.push(...tree.below(node));
    else if (wanted.has(node)) held.push(node);
    else others.push(...visible(tree, [node], inside, below));
  }
  return { held, others };
}

/** The uppermost nodes at or below some nodes that have their place in the view. */
function visible(tree: LabelTree, start: readonly number[], inside: Uint8Array, below: Int32Array): number[] {
  const found: number[] = [];
  const stack = [...start];
  while (stack.length) {
    const node = stack.pop()!;
    if (inside[node]) found.push(node);
    else if (below[node]) stack.push(...tree.below(node));
  }
  return found;
}

/** Replaces the most interesting node by what is below it in the view, while seats are free. */
function open(
  tree: LabelTree,
  start: readonly number[],
  closed: ReadonlySet<number>,
  gain: Float64Array,
  inside: Uint8Array,
  below: Int32Array,
  seats: number,
): Set<number> {
  const nodes = new Set(start);
  const queue = start.filter((node) => !closed.has(node) && node >= tree.leaves);
  for (let free = seats; queue.length && free > 0; ) {
    let best = 0;
    for (let i = 1; i < queue.length; i++) {
      const more = rounded(gain[queue[i]]) - rounded(gain[queue[best]]);
      if (more > 0 || (more === 0 && queue[i] > queue[best])) best = i;
    }
    const [node] = queue.splice(best, 1);
    const opened = visible(tree, tree.below(node), inside, below);
    if (!opened.length || opened.length - 1 > free) continue;
    nodes.delete(node);
    for (const child of opened) nodes.add(child);
    queue.push(...opened.filter((child) => child >= tree.leaves));
    free -= opened.length - 1;
  }
  return nodes;
}

/** So that the last digit of a logarithm makes no difference to Python. */
function rounded(value: number): number {
  return Math.floor(value * 1e9 + 0.5) / 1e9;
}
