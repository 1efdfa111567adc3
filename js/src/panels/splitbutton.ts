import { h } from "../dom";
import { popover } from "../popover";
import { type ButtonOptions, button } from "./button";

/** A button, and a small one beside it that opens a menu of other ways to do the same. */
export function splitButton(main: ButtonOptions, others: ButtonOptions[]): HTMLElement {
  const opener = button({
    action: `${main.action}-menu`,
    label: `More ways: ${main.text}`,
    icon: "down",
    kind: main.kind,
  });
  const items = others.map((other) => {
    const item = button({
      ...other,
      click: () => {
        menu.hidePopover();
        other.click?.();
      },
    });
    item.setAttribute("role", "menuitem");
    return item;
  });
  items[0].dataset.first = "";
  const menu = popover(opener, `${main.text}: more ways`, ...items);
  menu.classList.add("dc-menu");
  menu.setAttribute("role", "menu");
  opener.setAttribute("aria-haspopup", "menu");
  menu.addEventListener("keydown", ({ key }) => {
    const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    const at = items.indexOf(
      (menu.getRootNode() as Document | ShadowRoot).activeElement as HTMLButtonElement,
    );
    if (step) items[(at + step + items.length) % items.length].focus();
  });
  return h("div", { class: "dc-split" }, button(main), opener, menu);
}
