import { h } from "../dom";
import { flagWords } from "../flagwords";
import { icon } from "../icons";
import type { Scope } from "../scope";

/** How many pictures are flagged, and why; a click selects them. Hidden while none is. */
export function flaggedLine({ connection, signal }: Scope): HTMLElement {
  const { store, ui } = connection;
  const words = h("span");
  const element = h(
    "button.dc-flagged",
    {
      title: "Something is wrong with these pictures; exports leave them out. Click to select them.",
      "data-action": "select-flagged",
      on: { click: () => ui.select(flagged()) },
    },
    icon("warning"),
    words,
  );
  const flagged = () => {
    const { points } = store;
    return [...points.id.subarray(0, points.count)].filter(
      (_, row) => points.flagged[row] && points.drawn(row),
    );
  };
  const refresh = () => {
    words.textContent = flagWords(store.get("info").flagged);
    element.hidden = !words.textContent;
  };
  store.on("info", refresh, signal);
  refresh();
  return element;
}
