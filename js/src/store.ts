import { Emitter } from "./emitter";
import type { PointBlock } from "./points";
import { type Former, PointTable } from "./pointtable";
import type { Tables } from "./protocol";

/** What changed in the point table. `replaced` rows may have moved; `appended` gives the first new row. */
export type PointsChange =
  | { kind: "replaced"; former: Former }
  | { kind: "appended"; start: number }
  | { kind: "updated"; rows: number[] };

type Events = { [K in keyof Tables]: Tables[K] } & { points: PointsChange };

export const EMPTY: Tables = {
  info: {
    name: "",
    folder: "",
    generator: null,
    encoder: null,
    language: null,
    labels_from: "clip",
    weights: {},
    memory: null,
    classes: [],
    iteration: 0,
    read_only: false,
    resumable: 0,
    cost: {
      total: { pictures: 0, seconds: 0, energy_wh: null, money: null },
      per_picture: { seconds: 0, energy_wh: null, money: null },
      iterations: [],
      currency: "USD",
      estimated: false,
    },
    flagged: {},
    strategies: [],
    concepts: [],
    export_formats: [],
    perturbations: [],
  },
  labels: [],
  label_tree: { labels: [], children: [], place: [], text: [], originals: [], generated: [], importance: [] },
  metrics: [],
  evaluation: { verdict: null, measured_on: "", note: "", rows: [] },
  templates: [],
  proposals: [],
  suggestions: [],
  turns: [],
  edits: [],
  jobs: [],
  history: { undo: null, redo: null },
};

/** The state that Python owns. The page changes it only by what Python says. */
export class Store extends Emitter<Events> {
  readonly points = new PointTable();
  seq = 0;
  #tables: Tables = { ...EMPTY };

  get<K extends keyof Tables>(key: K): Tables[K] {
    return this.#tables[key];
  }

  /** Takes over the tables given; those that are the same as before raise no event. */
  apply(changes: Partial<Tables>): void {
    for (const key of Object.keys(changes) as (keyof Tables)[]) this.#set(key, changes[key]);
  }

  replacePoints(block: PointBlock): void {
    const former = this.points.replace(block);
    this.emit("points", { kind: "replaced", former });
  }

  appendPoints(block: PointBlock): void {
    const start = this.points.append(block);
    this.emit("points", { kind: "appended", start });
  }

  updatePoints(block: PointBlock): void {
    const rows = this.points.update(block);
    this.emit("points", { kind: "updated", rows });
  }

  #set<K extends keyof Tables>(key: K, value: Tables[K] | undefined): void {
    if (value === undefined || value === null || !(key in EMPTY)) return;
    if (isUnfilled(key, value)) return;
    if (JSON.stringify(value) === JSON.stringify(this.#tables[key])) return;
    this.#tables[key] = value;
    this.emit(key, value as Events[K]);
  }
}

/** A trait that was never filled has none of its keys. */
function isUnfilled(key: keyof Tables, value: object): boolean {
  const first = { info: "classes", label_tree: "labels", evaluation: "rows" }[key as string];
  return !!first && !(first in value);
}
