import type { TemplateRow } from "../protocol";

/** A slot of a template on the page: its options, and which of them are left out for now. */
export interface Slot {
  kind: "slot";
  options: { text: string; on: boolean }[];
}

export type ChipPart = { kind: "text"; text: string } | { kind: "class" } | Slot;

interface Remembered {
  parts: ChipPart[];
  /** The template that all this began with: its place in the list stays. */
  root: number;
  /** The chip that had the focus, until its card is drawn. */
  focus: string | null;
}

/**
 * What the page knows of templates that were edited chip by chip. Python writes a new template for each edit, and knows
 * nothing of the options that are left out.
 */
export class TemplateMemory {
  readonly #known = new Map<string, Remembered>();

  get(row: TemplateRow): Remembered | undefined {
    return this.#known.get(keyOf(row, row.text));
  }

  /** The place of a template among those of its class. */
  root(row: TemplateRow): number {
    return this.get(row)?.root ?? row.id;
  }

  /** `row` is about to get this text. */
  follow(row: TemplateRow, text: string, parts: ChipPart[], focus: string | null): void {
    this.#known.set(keyOf(row, text), { parts, focus, root: this.root(row) });
  }
}

function keyOf({ class_id, negative }: TemplateRow, text: string): string {
  return JSON.stringify([class_id, negative, text.split(/\s+/).join(" ").trim()]);
}
