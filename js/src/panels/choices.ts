import { h } from "../dom";
import type { Choice } from "../protocol";
import { radios } from "./radios";

interface Choices {
  element: HTMLElement;
  /** The name of the one that is chosen. */
  value: () => string;
}

/** A list of which one is chosen, the first to begin with; each has a line on what it does. */
export function choicesOf(label: string, choices: readonly Choice[]): Choices {
  const group = radios(choices.map(({ name }) => name));
  const lines = choices.map(({ title, text }, i) =>
    h("label", group.inputs[i], h("span", h("b", title), h("span.dc-note", text))),
  );
  return {
    element: h("div.dc-choices", { role: "radiogroup", label }, ...lines),
    value: group.value,
  };
}
