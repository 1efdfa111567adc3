import { h } from "../dom";

interface Choice<T extends string> {
  value: T;
  text: string;
  hint: string;
}

export interface Switch<T extends string> {
  element: HTMLFieldSetElement;
  get value(): T;
  set value(value: T);
}

/** A few choices side by side, of which one is on: the first, to begin with. */
export function switchOf<T extends string>(
  label: string,
  choices: readonly Choice<T>[],
  onChange: (value: T) => void,
): Switch<T> {
  const group = Math.random().toString(36).slice(2);
  const inputs = choices.map(({ value }, i) =>
    h("input", {
      attrs: { type: "radio", name: group, value, checked: i === 0 },
      on: { change: () => onChange(value) },
    }),
  );
  const element = h(
    "fieldset",
    { class: "dc-switch", attrs: { role: "radiogroup", "aria-label": label } },
    ...choices.map(({ text, hint }, i) => h("label", { title: hint }, inputs[i], h("span", {}, text))),
  );
  return {
    element,
    get value() {
      return choices[inputs.findIndex((input) => input.checked)].value;
    },
    set value(value) {
      inputs.forEach((input, i) => {
        input.checked = choices[i].value === value;
      });
    },
  };
}
