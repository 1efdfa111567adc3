import type { EditRow } from "./protocol";

/** A bar from zero to a gain and the whisker of its error, in percent of the width that all bars share. */
export interface GainBar {
  zero: number;
  from: number;
  to: number;
  low: number;
  high: number;
}

/** The bars of the edits, on one scale that holds zero and every whisker; null where nothing was measured. */
export function gainBars(edits: readonly EditRow[]): (GainBar | null)[] {
  const ends = edits.flatMap(({ gain, standard_error: error }) =>
    gain === null ? [] : [gain - (error ?? 0), gain + (error ?? 0)],
  );
  const least = Math.min(0, ...ends);
  const most = Math.max(0, ...ends);
  const at = (value: number) => (most > least ? (100 * (value - least)) / (most - least) : 0);
  return edits.map(({ gain, standard_error }) => {
    if (gain === null) return null;
    const error = standard_error ?? 0;
    return {
      zero: at(0),
      from: at(Math.min(0, gain)),
      to: at(Math.max(0, gain)),
      low: at(gain - error),
      high: at(gain + error),
    };
  });
}
