/** Rows by picture id, as runs of ids that follow each other in rows that do: ids mostly come in order. */
export class IdRuns {
  readonly #firsts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #rows: number[] = [];

  /** The row of an id, or -1. */
  row(id: number): number {
    const run = this.#find(id);
    const past = id - this.#firsts[run];
    return past < this.#lengths[run] ? this.#rows[run] + past : -1;
  }

  /** Whether all ids so far are below this one. */
  below(id: number): boolean {
    const last = this.#firsts.length - 1;
    return last < 0 || this.#firsts[last] + this.#lengths[last] <= id;
  }

  /** Takes note of ids that are not known yet, from `first` on, in the rows from `row` on. */
  add(first: number, length: number, row: number): void {
    const before = this.#find(first);
    const end = this.#lengths[before];
    if (this.#firsts[before] + end === first && this.#rows[before] + end === row) {
      this.#lengths[before] += length;
      return;
    }
    this.#firsts.splice(before + 1, 0, first);
    this.#lengths.splice(before + 1, 0, length);
    this.#rows.splice(before + 1, 0, row);
  }

  /** The last run that begins at or before the id, or -1. */
  #find(id: number): number {
    let low = -1;
    let high = this.#firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firsts[middle] <= id) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
