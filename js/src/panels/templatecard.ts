import { h } from "../dom";
import type { ClassRow, TemplateRow } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { templateForm } from "./templateform";
import { templateText } from "./templatetext";

/** One prompt template: read, edit, delete. */
export function templateCard(
  scope: Scope,
  row: TemplateRow,
  owner: ClassRow,
  onEdit: (open: boolean) => void,
): HTMLElement {
  const { connection, notices } = scope;
  const where = `template:${row.id}`;
  const frozen = connection.store.get("info").read_only;
  const card = h("article", { class: "dc-card", attrs: { "data-template": row.id } });
  const read = () => {
    onEdit(false);
    const edit = button({ action: "edit-template", label: "Edit this prompt", icon: "edit", click: write });
    const drop = button({
      action: "delete-template",
      label: "Delete this prompt",
      icon: "remove",
      click: () => void connection.act("delete_template", { template: row.id }, where),
    });
    edit.disabled = frozen;
    drop.disabled = frozen;
    const negative =
      row.negative &&
      h("p", { class: "dc-template" }, h("span", { class: "dc-negative" }, "not "), row.negative);
    card.replaceChildren(
      h("div", { class: "dc-card-tools" }, edit, drop),
      templateText(row.text, owner.word),
      ...(negative ? [negative] : []),
      notices.slot(where),
    );
  };
  const write = () => {
    onEdit(true);
    const editor = templateEditor({
      text: row.text,
      negative: row.negative,
      save: async (text, negative) => {
        if (text === row.text && negative === row.negative) return read();
        notices.clear(where);
        const reply = await connection.act("edit_template", { template: row.id, text, negative }, where);
        if (reply) onEdit(false);
      },
      cancel: read,
    });
    card.replaceChildren(editor, notices.slot(where));
    editor.querySelector("textarea")?.focus();
  };
  read();
  return card;
}

interface EditorOptions {
  text: string;
  negative: string | null;
  save: (text: string, negative: string) => void;
  cancel: () => void;
}

/** The form to write a template in; `negative` null leaves that field out. */
export function templateEditor({ text, negative, save, cancel }: EditorOptions): HTMLElement {
  const submit = () => {
    const now = form.value();
    save(now.text, now.negative);
  };
  const form = templateForm({ text, negative, submit, cancel });
  form.element.append(
    h(
      "div",
      { class: "dc-actions" },
      button({
        action: "save-template",
        label: "Save (Ctrl+Enter)",
        text: "Save",
        kind: "primary",
        click: submit,
      }),
      button({ action: "cancel-edit", label: "Leave it as it was (Escape)", text: "Discard", click: cancel }),
    ),
  );
  return form.element;
}
