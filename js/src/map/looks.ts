import type { PointTable } from "../pointtable";
import type { Store } from "../store";
import type { UiState } from "../ui";
import { FLAGGED, GENERATED, HIDDEN, KEPT, LIT, SELECTED } from "./pointrenderer";

/** How each point looks. A change costs as much as the pictures that it is about, not as all of them. */
export class Looks {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The bits that stand out; 0 when nothing is to be told from the rest. */
  mask = 0;
  readonly #points: PointTable;
  /** By bit: the pictures that have it, and their rows. */
  readonly #marks = new Map<number, { ids: Iterable<number>; rows: number[] }>();
  #onTop: Uint32Array<ArrayBuffer> | null = null;

  constructor(points: PointTable) {
    this.#points = points;
  }

  /** The rows that stand out, the most pressing ones last. */
  get onTop(): Uint32Array<ArrayBuffer> {
    const drawn = (row: number) => this.#points.drawn(row);
    this.#onTop ??= new Uint32Array([...this.#marks.values()].flatMap(({ rows }) => rows.filter(drawn)));
    return this.#onTop;
  }

  /** Takes over the rows from `start` on; all when they were replaced. */
  take(start: number, ui: UiState): void {
    const before = this.bytes;
    const { count, id } = this.#points;
    if (before.length < count) {
      this.bytes = new Uint8Array(id.length);
      this.bytes.set(before.subarray(0, start));
    }
    const { bytes } = this;
    for (let row = start; row < count; row++) bytes[row] = this.#plain(row);
    if (start === 0) this.#marks.clear();
    this.mark(ui);
  }

  /** Takes over rows that were overwritten. */
  refresh(rows: readonly number[]): void {
    const marks = LIT | SELECTED | KEPT;
    for (const row of rows) this.bytes[row] = this.#plain(row) | (this.bytes[row] & marks);
    this.#onTop = null;
  }

  /** Takes over what is selected, kept and highlighted; gives the first and the last row that changed. */
  mark({ focus, selection, kept }: UiState): [number, number] {
    const changed: [number, number] = [Infinity, -1];
    this.#set(KEPT, kept, changed);
    this.#set(LIT, focus?.pictures ?? NONE, changed);
    this.#set(SELECTED, selection, changed);
    // A highlight says what stands out; without one, the selection does.
    this.mask = focus ? SELECTED | LIT : selection.length ? SELECTED | KEPT : 0;
    return changed;
  }

  #plain(row: number): number {
    const { x, y, hidden, flagged, origin } = this.#points;
    const gone = hidden[row] || !Number.isFinite(x[row] + y[row]);
    return (gone ? HIDDEN : 0) | (flagged[row] * FLAGGED) | (origin[row] * GENERATED);
  }

  #set(bit: number, ids: Iterable<number>, changed: [number, number]): void {
    const before = this.#marks.get(bit);
    if (before?.ids === ids) return;
    const rows: number[] = [];
    const touch = (row: number, value: number) => {
      this.bytes[row] = value;
      if (row < changed[0]) changed[0] = row;
      if (row > changed[1]) changed[1] = row;
    };
    for (const row of before?.rows ?? []) touch(row, this.bytes[row] & ~bit);
    for (const id of ids) {
      const row = this.#points.row(id);
      if (row < 0) continue;
      touch(row, this.bytes[row] | bit);
      rows.push(row);
    }
    this.#marks.set(bit, { ids, rows });
    this.#onTop = null;
  }
}

const NONE: readonly number[] = [];

/** Whether a point can be pointed at: drawn and not filtered away. */
export function canPoint({ store, ui }: { store: Store; ui: UiState }, row: number): boolean {
  const { points } = store;
  if (!points.drawn(row)) return false;
  const owner = store.get("info").classes[points.classIndex[row]];
  return (
    (!ui.classes.size || ui.classes.has(owner?.id)) && (!ui.focus || ui.focus.pictures.has(points.id[row]))
  );
}
