import { Emitter } from "./emitter";
import type { FeedbackKind, TermWeights } from "./protocol";

export interface Notice {
  where: string;
  message: string;
  kind: "error" | "warning" | "done";
}

/** Unfinished pictures of a job, WebP each. Not part of the session. */
export interface Preview {
  job: number;
  classes: number[];
  images: DataView[];
}

export interface LabelFocus {
  text: string;
  labels: number[];
  pictures: Set<number>;
}

/** What is under the pointer: pictures to ring, and labels to light up with them. */
export interface Hover {
  pictures: ReadonlySet<number>;
  labels: ReadonlySet<number>;
}

/** Whether many points are drawn as a density: where there are too many to tell apart, always, or never. */
export type Density = "auto" | "on" | "off";

interface Events {
  selection: readonly number[];
  classes: ReadonlySet<number>;
  focus: LabelFocus | null;
  hover: Hover | null;
  density: Density;
  /** The pictures that were kept as set A. */
  kept: readonly number[];
  /** Weights of terms were changed. */
  weights: FeedbackKind;
  /** One picture to show in full. */
  sheet: number;
  notice: Notice;
  /** What a job is making, unfinished. */
  preview: Preview;
  /** Something in the gallery is new or gone. */
  gallery: null;
  /** Words for a screen reader only. */
  say: string;
  /** Seconds that the oldest unanswered request has waited; 0 when none does. */
  waiting: number;
  /** Requests that act on the session came or were answered. */
  acting: ReadonlySet<string>;
}

/** What only the page knows: selection, filters and highlights, shared by all views of one widget. */
export class UiState extends Emitter<Events> {
  #selection: readonly number[] = [];
  #classes: ReadonlySet<number> = new Set();
  #focus: LabelFocus | null = null;
  #hover: Hover | null = null;
  #density: Density = "auto";
  #kept: readonly number[] = [];
  readonly #weights = new Map<FeedbackKind, TermWeights>();

  get selection(): readonly number[] {
    return this.#selection;
  }

  /** Classes that the dashboard is narrowed to; empty means all. */
  get classes(): ReadonlySet<number> {
    return this.#classes;
  }

  get focus(): LabelFocus | null {
    return this.#focus;
  }

  get hover(): Hover | null {
    return this.#hover;
  }

  get density(): Density {
    return this.#density;
  }

  get kept(): readonly number[] {
    return this.#kept;
  }

  select(ids: readonly number[]): void {
    if (ids.length === this.#selection.length && ids.every((id, i) => id === this.#selection[i])) return;
    this.#selection = ids;
    this.emit("selection", ids);
  }

  /** Narrows to one class, or adds it when `add`; the same click again takes it out. */
  toggleClass(id: number, add = false): void {
    const was = this.#classes.has(id);
    const next = new Set(add ? this.#classes : []);
    if (was) next.delete(id);
    else next.add(id);
    if (!add && was && this.#classes.size > 1) next.add(id); // many → just this one
    this.#classes = next;
    this.emit("classes", next);
  }

  setClasses(ids: Iterable<number>): void {
    this.#classes = new Set(ids);
    this.emit("classes", this.#classes);
  }

  clearClasses(): void {
    if (this.#classes.size) this.setClasses([]);
  }

  setFocus(focus: LabelFocus | null): void {
    this.#focus = focus;
    this.emit("focus", focus);
  }

  setHover(hover: Hover | null): void {
    if (hover === this.#hover) return;
    this.#hover = hover;
    this.emit("hover", hover);
  }

  setDensity(density: Density): void {
    if (density === this.#density) return;
    this.#density = density;
    this.emit("density", density);
  }

  /** Keeps pictures as set A, until it is told others or none. */
  keep(ids: readonly number[]): void {
    this.#kept = ids;
    this.emit("kept", ids);
  }

  /** The weights that are not as usual; null while all are. */
  changedWeights(kind: FeedbackKind): TermWeights | null {
    return this.#weights.get(kind) ?? null;
  }

  /** Takes over the weight of a term, of which `usual` is the default. */
  setWeight(kind: FeedbackKind, term: string, value: number, usual: number): void {
    const { [term]: _, ...others } = this.#weights.get(kind) ?? {};
    const changed = value === usual ? others : { ...others, [term]: value };
    if (Object.keys(changed).length) this.#weights.set(kind, changed);
    else this.#weights.delete(kind);
    this.emit("weights", kind);
  }

  resetWeights(kind: FeedbackKind): void {
    this.#weights.delete(kind);
    this.emit("weights", kind);
  }
}
