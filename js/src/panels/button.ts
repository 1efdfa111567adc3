import { h } from "../dom";
import { type IconName, icon } from "../icons";

export interface ButtonOptions {
  /** The name for `data-action`. */
  action: string;
  /** What a screen reader says and the tooltip shows. */
  label: string;
  icon?: IconName;
  /** Text on the button; an icon alone when absent. */
  text?: string;
  kind?: "primary" | "quiet" | "danger";
  disabled?: boolean;
  /** Absent on a button that opens a box. */
  click?: () => void;
}

/** A button with a name, a tooltip, and an icon or a text or both. */
export function button({
  action,
  label,
  icon: name,
  text,
  kind = "quiet",
  disabled,
  click,
}: ButtonOptions): HTMLButtonElement {
  return h(
    "button",
    {
      class: `dc-button dc-${kind}${text ? "" : " dc-icon-only"}`,
      title: label,
      "data-action": action,
      label,
      disabled,
      on: click && { click },
    },
    name && icon(name),
    text && h("span", text),
  );
}
