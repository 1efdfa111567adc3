import { h } from "./dom";
import { icon } from "./icons";

/** A bare cross that takes something away. */
export function closeButton(label: string, click: () => void): HTMLButtonElement {
  return h("button.dc-plain", { label, on: { click } }, icon("close"));
}
