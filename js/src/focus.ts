import type { Connection } from "./connection";

/** Highlights the pictures that carry any of the labels; the same labels again end the highlight. */
export async function focusLabel(
  connection: Connection,
  text: string,
  labels: number[],
  where: string,
): Promise<void> {
  const { ui } = connection;
  if (ui.focus && ui.focus.labels.join() === labels.join()) return ui.setFocus(null);
  const reply = await connection.act("label_pictures", { labels }, where);
  if (reply) ui.setFocus({ text, labels, pictures: new Set(reply.result as number[]) });
}
