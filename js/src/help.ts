import { h } from "./dom";
import { button } from "./panels/button";
import { popover } from "./popover";
import type { PanelName } from "./protocol";

type Keys = [keys: string, does: string][];

/** Titles, for which panel, and the keys; null: for any. */
const GROUPS: [title: string, panel: PanelName | "lines" | null, keys: Keys][] = [
  [
    "Everywhere in the widget",
    null,
    [
      ["Z", "undo"],
      ["Shift+Z", "redo"],
      ["Delete", "remove the selected pictures"],
      ["Escape", "close, or clear the selection"],
      ["?", "this help"],
    ],
  ],
  [
    "Lines over the rounds",
    "metrics",
    [
      ["← →", "move through the rounds"],
      ["Enter", "select the round's pictures"],
    ],
  ],
  [
    "Detail",
    "detail",
    [
      ["← → ↑ ↓", "move among the pictures; Home, End, Page too"],
      ["Space", "select or unselect"],
      ["Enter", "where the picture comes from"],
      ["C", "compare before and after"],
    ],
  ],
  [
    "Lines between panels",
    "lines",
    [
      ["← → ↑ ↓", "move the line"],
      ["Enter", "the usual size"],
    ],
  ],
  [
    "Map",
    "map",
    [
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
  ],
];

function isFor(panel: PanelName | "lines", panels: readonly PanelName[]): boolean {
  if (panel === "lines") return panels.length > 1;
  return panels.includes(panel) || (panel === "metrics" && panels.includes("evaluation"));
}

/** The button "?" and its box with every key of the panels that are shown. */
export function helpBox(panels: readonly PanelName[]): { element: HTMLElement; open: () => void } {
  const opener = button({ action: "help", label: "Help: all keys (?)", icon: "help" });
  const groups = GROUPS.filter(([, panel]) => !panel || isFor(panel, panels)).map(([title, , keys]) =>
    h(
      "section",
      h("h3", title),
      h("dl", ...keys.flatMap(([key, does]) => [h("dt", ...caps(key)), h("dd", does)])),
    ),
  );
  // The map's list, the last, is as long as the others together.
  const map = panels.includes("map") ? groups.splice(-1) : [];
  const box = popover(opener, "Keys", h("div", ...groups), ...map);
  box.classList.add("dc-help");
  box.tabIndex = 0; // it scrolls where it is low
  return { element: h("div", opener, box), open: () => box.showPopover() };
}

/** Each key in a cap of its own; "+" joins those that are held together. */
function caps(keys: string): (Node | string)[] {
  return keys.split(/(?<=.)([+ ])(?=.)/).map((part, i) => (i % 2 ? part : h("kbd", part)));
}
