import { h } from "../dom";
import { popover } from "../popover";
import { roving } from "../roving";
import { type ButtonOptions, button } from "./button";

/** A button, and a small one beside it that opens a menu of other ways to do the same. */
export function splitButton(main: ButtonOptions, others: ButtonOptions[]): HTMLElement {
  const opener = button({
    action: `${main.action}-menu`,
    label: `More ways: ${main.text}`,
    icon: "down",
    kind: main.kind,
  });
  const items = others.map((other) => Object.assign(button(other), { role: "menuitem" }));
  items[0].dataset.first = "";
  const menu = popover(opener, `${main.text}: more ways`, ...items);
  menu.classList.add("dc-menu");
  menu.role = "menu";
  menu.addEventListener("click", () => menu.hidePopover(), true);
  roving(menu, "button");
  opener.ariaHasPopup = "menu";
  return h("div.dc-split", button(main), opener, menu);
}
