import { h } from "./dom";
import { button } from "./panels/button";
import { popover } from "./popover";
import type { PanelName } from "./protocol";

type Keys = [keys: string, does: string][];

const EVERYWHERE: Keys = [
  ["Z", "undo"],
  ["Shift+Z", "redo"],
  ["Delete", "remove the selected pictures"],
  ["Escape", "close, or clear the selection"],
  ["?", "this help"],
];
const PANELS: Partial<Record<PanelName, Keys>> = {
  map: [
    ["← → ↑ ↓", "move the map"],
    ["+ −", "zoom"],
    ["0", "show everything"],
    ["F", "show the selection"],
    ["L R V", "lasso, rectangle, move"],
    ["Shift+drag", "lasso"],
    ["Ctrl Alt", "add to the selection, take away"],
    ["Ctrl+wheel", "zoom; without Ctrl once the map has the focus"],
    ["A", "select all in view"],
    ["Shift+← → ↑ ↓", "move the crosshair"],
    ["Enter", "select the picture under it"],
    ["Space", "where that picture comes from"],
  ],
  detail: [
    ["← → ↑ ↓", "move among the pictures; Home, End, Page too"],
    ["Space", "select or unselect"],
    ["Enter", "where the picture comes from"],
    ["C", "compare before and after"],
  ],
  metrics: [
    ["← →", "move through the rounds"],
    ["Enter", "select the round's pictures"],
  ],
};
const LINES: Keys = [
  ["← → ↑ ↓", "move the line"],
  ["Enter", "the usual size"],
];

/** The button "?" and its box with every key of the panels that are shown. */
export function helpBox(panels: readonly PanelName[]): { element: HTMLElement; open: () => void } {
  const opener = button({ action: "help", label: "Help: all keys (?)", icon: "help" });
  let map: HTMLElement | null = null; // its list is as long as the others together
  const groups = panels.flatMap((panel) => {
    const keys = PANELS[panel];
    if (!keys) return [];
    const made = group(panel[0].toUpperCase() + panel.slice(1), keys);
    if (panel === "map") map = made;
    return [made];
  });
  const all = panels.length > 1 ? [...groups, group("Lines between panels", LINES)] : groups;
  const first = h(
    "div",
    {},
    group("Everywhere in the widget", EVERYWHERE),
    ...all.filter((each) => each !== map),
  );
  const box = popover(opener, "Keys", first, ...(map ? [map] : []));
  box.classList.add("dc-help");
  box.tabIndex = 0; // it scrolls where it is low
  return { element: h("div", {}, opener, box), open: () => box.showPopover() };
}

function group(title: string, keys: Keys): HTMLElement {
  const lines = keys.flatMap(([key, does]) => [h("dt", {}, ...caps(key)), h("dd", {}, does)]);
  return h("section", {}, h("h3", {}, title), h("dl", {}, ...lines));
}

/** Each key in a cap of its own; "+" joins those that are held together. */
function caps(keys: string): (Node | string)[] {
  const parts = keys === "+ −" ? keys.split(" ") : keys.split(/(\+| )/);
  return parts.map((part) => (/^(\+| )$/.test(part) && parts.length > 2 ? part : h("kbd", {}, part)));
}
