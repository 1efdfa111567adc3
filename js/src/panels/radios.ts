import { h } from "../dom";

interface Radios<T extends string> {
  inputs: HTMLInputElement[];
  value: () => T;
  choose: (value: T) => void;
}

/** Radio buttons of which one is on: the first, to begin with. */
export function radios<T extends string>(values: readonly T[]): Radios<T> {
  const name = Math.random().toString(36).slice(2);
  const inputs = values.map((value, i) =>
    h("input", { type: "radio", name, value, checked: i === 0, "data-first": i === 0 }),
  );
  return {
    inputs,
    value: () => values[inputs.findIndex((input) => input.checked)],
    choose: (value) => {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}
