import type { PointTable } from "../pointtable";
import type { ClassRow } from "../protocol";
import type { UiState } from "../ui";
import { FLAGGED, HIDDEN, KEPT, MUTED, SELECTED } from "./pointrenderer";

/** Writes how each point looks, given the selection, the classes and the highlight that are on. */
export function computeLooks(
  points: PointTable,
  classes: readonly ClassRow[],
  ui: UiState,
  looks: Uint8Array,
): void {
  const { focus } = ui;
  const inClasses = classes.map((row) => !ui.classes.size || ui.classes.has(row.id));
  const selected = new Set(ui.selection);
  const kept = new Set(ui.kept);
  for (let row = 0; row < points.count; row++) {
    const id = points.id[row];
    // A highlight says what stands out; without one, the selection does.
    const stands = focus ? focus.pictures.has(id) : !selected.size || kept.has(id);
    let look = points.drawn(row) ? 0 : HIDDEN;
    if (kept.has(id)) look |= KEPT;
    if (points.flagged[row]) look |= FLAGGED;
    if (selected.has(id)) look |= SELECTED;
    else if (!stands || inClasses[points.classIndex[row]] === false) look |= MUTED;
    looks[row] = look;
  }
}

/** Whether a point can be pointed at: drawn and not filtered away. */
export function canPoint(
  points: PointTable,
  classes: readonly ClassRow[],
  ui: UiState,
  row: number,
): boolean {
  if (!points.drawn(row)) return false;
  const owner = classes[points.classIndex[row]];
  return (
    (!ui.classes.size || ui.classes.has(owner?.id)) && (!ui.focus || ui.focus.pictures.has(points.id[row]))
  );
}
