import { counted } from "../amounts";
import { h } from "../dom";
import { giveFeedback } from "../feedback";
import { popover } from "../popover";
import type { Scope } from "../scope";
import { button } from "./button";

/** The button "Sets" and its box: keep the selection as A, then ask for A and B, or A without B. */
export function setsBox(scope: Scope): HTMLElement {
  const { signal, connection } = scope;
  const { ui, store } = connection;
  const opener = button({
    action: "sets",
    label: "Sets: look for a prompt that joins two sets of pictures, or keeps one from the other",
    icon: "sets",
    text: "Sets",
  });
  const keep = button({
    action: "keep-set",
    label: "Keep the selected pictures as set A",
    text: "Keep selection",
    click: () => {
      ui.keep([...ui.selection]);
      ui.select([]);
    },
  });
  keep.dataset.first = "";
  const clear = button({
    action: "clear-set",
    label: "Forget set A",
    icon: "close",
    click: () => ui.keep([]),
  });
  const send = (kind: "combine" | "without") => {
    box.hidePopover();
    void giveFeedback(scope, kind, { first: [...ui.kept], second: [...ui.selection] });
  };
  const both = button({
    action: "combine",
    label: "Look for a prompt whose pictures have what both sets show",
    text: "A and B",
    click: () => send("combine"),
  });
  const without = button({
    action: "without",
    label: "Look for a prompt whose pictures are like A, without what B shows",
    text: "A without B",
    click: () => send("without"),
  });
  const countA = h("span");
  const countB = h("span");
  const box = popover(
    opener,
    "Two sets of pictures",
    h("div.dc-set", { "data-set": "a" }, h("b", "A"), countA, clear, keep),
    h("div.dc-set", { "data-set": "b" }, h("b", "B"), countB),
    h("div.dc-actions", both, without),
  );
  const refresh = () => {
    const { kept, selection } = ui;
    const frozen = store.get("info").read_only;
    countA.textContent = kept.length ? counted(kept.length, "picture") : "none yet";
    countB.textContent = selection.length
      ? `the selection, ${counted(selection.length, "picture")}`
      : "select pictures";
    keep.disabled = !selection.length;
    clear.hidden = !kept.length;
    for (const choice of [both, without]) choice.disabled = !kept.length || !selection.length || frozen;
    opener.toggleAttribute("data-mark", kept.length > 0);
  };
  ui.on("kept", refresh, signal);
  ui.on("selection", refresh, signal);
  store.on("info", refresh, signal);
  refresh();
  return h("div", opener, box);
}
