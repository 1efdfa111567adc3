import { h } from "../dom";

interface NumberField {
  element: HTMLElement;
  input: HTMLInputElement;
  /** Null while it is empty. */
  value: () => number | null;
}

/** A field for a number, with its name above it; whole numbers unless `step` says otherwise. */
export function numberField(
  name: string,
  title: string,
  attributes: Record<string, string | number | boolean>,
): NumberField {
  const input = h("input.dc-input", { type: "number", placeholder: "auto", ...attributes });
  return {
    element: h("label.dc-field", { title }, h("span", name), input),
    input,
    value: () => (input.value === "" ? null : input.valueAsNumber),
  };
}
