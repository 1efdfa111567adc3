import { h } from "../dom";
import type { ClassRow } from "../protocol";
import type { Scope } from "../scope";
import { templateEditor } from "./templateeditor";

/** Opens an editor for a new prompt of a class in its group, or goes to the one that is open there. */
export function openDraft(
  { connection, notices }: Scope,
  row: ClassRow,
  group: Element,
  text = "[a photo of | a sketch of] a {class}",
): HTMLTextAreaElement {
  const open = group.querySelector<HTMLTextAreaElement>("[data-new] textarea");
  if (open) {
    open.focus();
    return open;
  }
  const where = `new:${row.id}`;
  const close = () => box.remove();
  const editor = templateEditor({
    text,
    negative: null,
    save: async (text) => {
      notices.clear(where);
      if (await connection.act("add_template", { class_id: row.id, text }, where)) close();
    },
    cancel: close,
  });
  const box = h("article.dc-card", { "data-new": row.id }, editor, notices.slot(where));
  group.append(box);
  const area = editor.querySelector("textarea")!;
  area.focus();
  return area;
}
