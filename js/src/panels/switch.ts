import { h } from "../dom";
import { radios } from "./radios";

interface Choice<T extends string> {
  value: T;
  text: string;
  hint: string;
}

export interface Switch<T extends string> {
  element: HTMLFieldSetElement;
  choose: (value: T) => void;
}

/** A few choices side by side, of which one is on: the first, to begin with. */
export function switchOf<T extends string>(
  label: string,
  choices: readonly Choice<T>[],
  onChange: (value: T) => void,
): Switch<T> {
  const group = radios(choices.map(({ value }) => value));
  const element = h(
    "fieldset.dc-switch",
    { role: "radiogroup", label, on: { change: () => onChange(group.value()) } },
    ...choices.map(({ text, hint }, i) => h("label", { title: hint }, group.inputs[i], h("span", text))),
  );
  return { element, choose: group.choose };
}
