import type { Connection } from "./connection";
import { canPoint } from "./map/looks";

/** What a selection does to the one before it. */
export type SelectMode = "replace" | "add" | "subtract";

/** Which pictures to select; what is left out doesn't matter. */
export interface Where {
  class?: number;
  iteration?: number;
  origin?: "original" | "generated";
  flagged?: boolean;
  labels?: readonly number[];
}

type Keys = Pick<MouseEvent, "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

/** Alt takes away; Ctrl, ⌘ and Shift add. */
export function selectMode({ altKey, ctrlKey, metaKey, shiftKey }: Keys): SelectMode {
  if (altKey) return "subtract";
  return ctrlKey || metaKey || shiftKey ? "add" : "replace";
}

/** Selects pictures, adds them to the selection, or takes them out of it. */
export function select({ ui }: Connection, ids: Iterable<number>, mode: SelectMode = "replace"): void {
  let chosen: Iterable<number> = ids;
  if (mode !== "replace") {
    const present = new Set(ui.selection);
    for (const id of ids) mode === "add" ? present.add(id) : present.delete(id);
    chosen = present;
  }
  ui.select([...Int32Array.from(chosen).sort()]);
}

/** Ids of the pictures that can be pointed at, as far as `wanted` takes their rows. */
export function shownPictures(
  connection: Connection,
  wanted: (row: number) => boolean = () => true,
): number[] {
  const { points } = connection.store;
  const ids: number[] = [];
  for (let row = 0; row < points.count; row++) {
    if (wanted(row) && canPoint(connection, row)) ids.push(points.id[row]);
  }
  return ids;
}

/** Selects the shown pictures of a class, a round, an origin, with one of some labels. */
export async function selectWhere(
  connection: Connection,
  where: Where,
  mode: SelectMode = "replace",
): Promise<void> {
  const { points } = connection.store;
  const { classes } = connection.store.get("info");
  const owner = classes.findIndex(({ id }) => id === where.class);
  const origin = where.origin && Number(where.origin === "generated");
  const carrying = where.labels && (await connection.labelling.pictures(where.labels));
  const wanted = (row: number) =>
    (where.class === undefined || points.classIndex[row] === owner) &&
    (where.iteration === undefined || points.iteration[row] === where.iteration) &&
    (origin === undefined || points.origin[row] === origin) &&
    (where.flagged === undefined || !points.flagged[row] !== where.flagged) &&
    (!carrying || carrying.has(points.id[row]));
  select(connection, shownPictures(connection, wanted), mode);
}

/** Selects the shown pictures that are not selected. */
export function invertSelection(connection: Connection): void {
  const { points } = connection.store;
  const selected = new Set(connection.ui.selection);
  select(
    connection,
    shownPictures(connection, (row) => !selected.has(points.id[row])),
  );
}
