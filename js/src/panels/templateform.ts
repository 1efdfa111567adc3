import { h } from "../dom";

interface Options {
  text: string;
  /** Null leaves the field out. */
  negative: string | null;
  /** Ctrl+Enter. */
  submit: () => void;
  /** Escape. */
  cancel: () => void;
}

interface TemplateForm {
  element: HTMLElement;
  value: () => { text: string; negative: string };
  focus: () => void;
}

/** The fields to write a template in; the buttons are the caller's. */
export function templateForm({ text, negative, submit, cancel }: Options): TemplateForm {
  const area = h("textarea.dc-input", {
    rows: 3,
    label: "Prompt template",
    spellcheck: "false",
  });
  area.value = text;
  const not = h("input.dc-input", {
    label: "Negative prompt",
    placeholder: "nothing",
  });
  not.value = negative ?? "";
  const element = h(
    "div.dc-editor",
    {
      on: {
        keydown: (event) => {
          event.stopPropagation(); // Jupyter has keys of its own
          if (event.key === "Escape") cancel();
          else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
        },
      },
    },
    area,
    h("p.dc-note", "[one | of | these] varies from picture to picture; {class} is the class's word."),
    negative !== null && h("label.dc-field", h("span", "Not"), not),
  );
  const value = () => ({ text: area.value.trim(), negative: not.value.trim() });
  return { element, value, focus: () => area.focus() };
}
