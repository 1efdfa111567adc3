import { h } from "./dom";
import { icon } from "./icons";

/** A bare cross that takes something away. */
export function closeButton(label: string, click: () => void): HTMLButtonElement {
  const attrs = { type: "button", "aria-label": label };
  return h("button", { class: "dc-plain", attrs, on: { click } }, icon("close"));
}
