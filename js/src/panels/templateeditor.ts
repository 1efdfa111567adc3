import { h } from "../dom";
import { button } from "./button";
import { templateForm } from "./templateform";

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
      "div.dc-actions",
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
