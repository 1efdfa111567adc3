import { h } from "../dom";
import { giveFeedback } from "../feedback";
import { popover } from "../popover";
import type { Scope } from "../scope";
import { button } from "./button";

/** The button "Change …" and its box, which asks how the selected pictures should be changed. */
export function changeBox(scope: Scope): { element: HTMLElement; opener: HTMLButtonElement } {
  const { ui } = scope.connection;
  const text = h("input.dc-input", {
    type: "text",
    name: "wish",
    label: "How they should be",
    placeholder: "at night, as a sketch …",
    "data-first": true,
    spellcheck: "false",
    on: {
      input: () => refresh(),
      keydown: (event) => event.key === "Enter" && !go.disabled && send(),
    },
  });
  const opener = button({
    action: "change",
    label: "Change: look for a prompt that makes pictures like the selected ones, but otherwise in one way",
    icon: "change",
    text: "Change …",
  });
  const go = button({
    action: "transform",
    label: "Look for a prompt that does this",
    text: "Find a prompt",
    kind: "primary",
    click: () => send(),
  });
  const send = () => {
    box.hidePopover();
    void giveFeedback(scope, "transform", { ids: [...ui.selection], text: text.value.trim() });
  };
  const refresh = () => {
    go.disabled = !text.value.trim();
  };
  refresh();
  const box = popover(
    opener,
    "Change the selected pictures",
    h("label.dc-field", h("span", "Like these, but"), text),
    h("div.dc-actions", go),
  );
  return { element: h("div", opener, box), opener };
}
