import { h } from "../dom";
import type { Choice } from "../protocol";

interface Choices {
  element: HTMLElement;
  get value(): string;
}

/** A list of which one is chosen, the first to begin with; each has a line on what it does. */
export function choicesOf(label: string, choices: readonly Choice[]): Choices {
  const group = Math.random().toString(36).slice(2);
  const inputs = choices.map(({ name }, i) =>
    h("input", {
      attrs: { type: "radio", name: group, value: name, checked: i === 0, "data-first": i === 0 },
    }),
  );
  const element = h(
    "div",
    { class: "dc-choices", attrs: { role: "radiogroup", "aria-label": label } },
    ...choices.map(({ title, text }, i) =>
      h("label", {}, inputs[i], h("span", {}, h("b", {}, title), h("span", { class: "dc-note" }, text))),
    ),
  );
  return {
    element,
    get value() {
      return inputs.find((input) => input.checked)?.value ?? "";
    },
  };
}
