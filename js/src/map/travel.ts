import type { Former, PointTable } from "../pointtable";

const TRAVEL_MS = 650;
const MOST = 200_000; // that can be told apart on their way

export interface Places {
  x: Float32Array<ArrayBuffer>;
  y: Float32Array<ArrayBuffer>;
}

/** Takes points from where they were drawn to the places of a new projection, so that they don't jump. */
export class Travel {
  #start = -Infinity;
  #from: Places | null = null;

  /** Where each row sets out from; null when nothing was drawn before, or nothing has moved. */
  begin(points: PointTable, former: Former, now: number): Places | null {
    this.end();
    const { id, x, y, count } = points;
    if (!former.count || count > MOST) return null;
    const from = { x: x.slice(), y: y.slice() };
    let moved = false;
    for (let row = 0, old = 0; row < count; row++) {
      while (old < former.count && former.id[old] < id[row]) old++;
      if (former.id[old] !== id[row] || !Number.isFinite(former.x[old] + former.y[old])) continue;
      from.x[row] = former.x[old];
      from.y[row] = former.y[old];
      moved ||= from.x[row] !== x[row] || from.y[row] !== y[row];
    }
    if (!moved) return null;
    this.#start = now;
    this.#from = from;
    return from;
  }

  /** Lets rows that are added stay where they are while others travel; says where all come from. */
  extend({ x, y, count }: PointTable, start: number): Places | null {
    const from = this.#from;
    if (!from) return null;
    const grown = (places: Float32Array<ArrayBuffer>, present: Float32Array<ArrayBuffer>) => {
      const all = places.length < present.length ? present.slice() : places;
      all.set(places.subarray(0, start));
      all.set(present.subarray(start, count), start);
      return all;
    };
    this.#from = { x: grown(from.x, x), y: grown(from.y, y) };
    return this.#from;
  }

  /** Ends the journey: the points are where they belong. */
  end(): void {
    this.#start = -Infinity;
    this.#from = null;
  }

  /** How far the points have come, 0 to 1: fast at first, slow at the end. */
  progress(now: number): number {
    const mix = 1 - Math.max(0, 1 - (now - this.#start) / TRAVEL_MS) ** 3;
    if (mix === 1) this.end();
    return mix;
  }
}
