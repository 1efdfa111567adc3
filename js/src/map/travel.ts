import type { PointTable } from "../pointtable";

const TRAVEL_MS = 650;

/** Takes points from where they were drawn to the places of a new projection, so that they don't jump. */
export class Travel {
  #places = new Float32Array(0);
  #start = -Infinity;

  /** Takes note of where the points are, for the next journey. */
  note({ x, y, count }: PointTable): void {
    this.#places = new Float32Array(count * 2);
    for (let row = 0; row < count; row++) this.#places.set([x[row], y[row]], row * 2);
  }

  /** Where each row sets out from (x, y, x, y …), new rows from their own place; null when nothing was drawn before. */
  begin(points: PointTable, now: number): Float32Array | null {
    const before = this.#places;
    this.end(points);
    if (!before.length) return null;
    this.#start = now;
    return this.#places.map((to, i) => (Number.isFinite(before[i]) ? before[i] : to));
  }

  /** Ends the journey: the points are where they belong. */
  end(points: PointTable): void {
    this.note(points);
    this.#start = -Infinity;
  }

  /** How far the points have come, 0 to 1: fast at first, slow at the end. */
  progress(now: number): number {
    return 1 - Math.max(0, 1 - (now - this.#start) / TRAVEL_MS) ** 3;
  }
}
