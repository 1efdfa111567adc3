import type { Connection } from "./connection";

/** Highlights the pictures that carry any of the labels; the same labels again end the highlight. */
export async function focusLabel(
  { ui, labelling }: Connection,
  text: string,
  labels: number[],
  where: string,
): Promise<void> {
  if (ui.focus && ui.focus.labels.join() === labels.join()) return ui.setFocus(null);
  try {
    ui.setFocus({ text, labels, pictures: new Set(await labelling.pictures(labels)) });
  } catch (error) {
    ui.emit("notice", { where, kind: "error", message: (error as Error).message });
  }
}
