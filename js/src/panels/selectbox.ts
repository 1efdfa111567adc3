import { h } from "../dom";
import { popover } from "../popover";
import { roving } from "../roving";
import type { Scope } from "../scope";
import { invertSelection, select, selectMode, selectWhere, type Where } from "../selecting";
import { button } from "./button";

/** The button "Select" and its menu: all pictures of a kind, by name. Ctrl adds, Alt takes away. */
export function selectBox({ connection }: Scope): HTMLElement {
  const { store } = connection;
  const opener = button({
    action: "select",
    label: "Select pictures by what they are",
    icon: "down",
    text: "Select",
  });
  const item = (action: string, text: string, click: (event: MouseEvent) => void) => {
    const choice = button({ action, label: `${text}. Ctrl adds to the selection, Alt takes away`, text });
    choice.setAttribute("role", "menuitem");
    choice.addEventListener("click", (event) => {
      box.hidePopover();
      click(event);
    });
    return choice;
  };
  const where = (action: string, text: string, what: Where) =>
    item(action, text, (event) => void selectWhere(connection, what, selectMode(event)));
  const box = popover(opener, "Select");
  box.classList.add("dc-menu");
  box.setAttribute("role", "menu");
  opener.setAttribute("aria-haspopup", "menu");
  const refresh = roving(box, "button");
  box.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    const rounds = store.get("info").iteration;
    const items = [
      where("select-all", "All shown", {}),
      where("select-originals", "Originals", { origin: "original" }),
      where("select-generated", "Generated", { origin: "generated" }),
      ...Array.from({ length: rounds }, (_, i) =>
        where(`select-round-${rounds - i}`, `Round ${rounds - i}`, {
          iteration: rounds - i,
          origin: "generated",
        }),
      ),
      where("select-flagged", "Flagged", { flagged: true }),
      item("select-invert", "Invert", () => invertSelection(connection)),
      item("select-none", "None", () => select(connection, [])),
    ];
    items[0].dataset.first = "";
    box.replaceChildren(...items);
    refresh();
  });
  return h("div", opener, box);
}
