import type { PictureEdit } from "../../protocol";

/** The steps that lead to an edit, the first first, itself the last. */
export function trailOf(rows: readonly PictureEdit[], id: number | null): PictureEdit[] {
  const trail: PictureEdit[] = [];
  for (let at = id; at !== null; ) {
    const row = rows.find((each) => each.id === at);
    if (!row) break;
    trail.unshift(row);
    at = row.before;
  }
  return trail;
}

/** The last steps of the trails of a picture, the newest first. */
export function endsOf(rows: readonly PictureEdit[], picture: number): PictureEdit[] {
  const begun = new Set(rows.map(({ before }) => before));
  return rows.filter((row) => row.picture_id === picture && !begun.has(row.id)).sort((a, b) => b.id - a.id);
}

/** The step at which a picture's work goes on: the newest that was not put aside; null: the picture itself. */
export function newestStep(rows: readonly PictureEdit[], picture: number): number | null {
  const alive = rows.filter((row) => row.picture_id === picture && !row.aside && row.state !== "withdrawn");
  return alive.length ? Math.max(...alive.map(({ id }) => id)) : null;
}

/** The trail through a step, up to the newest end that is reached from it. */
export function trailThrough(
  rows: readonly PictureEdit[],
  picture: number,
  at: number | null,
): PictureEdit[] {
  const ends = endsOf(rows, picture).map(({ id }) => trailOf(rows, id));
  const through = ends.filter((trail) => at === null || trail.some(({ id }) => id === at));
  const alive = through.find((trail) => !trail.at(-1)!.aside);
  return alive ?? through[0] ?? [];
}

/** What a next step begins with: the last edit of which one was chosen, from here back; null: the picture itself. */
export function beginning(rows: readonly PictureEdit[], at: number | null): PictureEdit | null {
  return trailOf(rows, at).findLast(({ chosen }) => chosen !== null) ?? null;
}
