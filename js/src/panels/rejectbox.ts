import { h } from "../dom";
import { popover } from "../popover";
import { button } from "./button";

/** The button "Reject" and its box, to say why. */
export function rejectBox(what: "proposal" | "suggestion", reject: (reason: string) => void): HTMLElement[] {
  const label = `Reject this ${what}`;
  const opener = button({ action: "reject", label, text: "Reject" });
  const reason = h("input.dc-input", {
    name: "reason",
    "data-first": true,
    label: "Why you reject it",
    on: { keydown: (event) => event.key === "Enter" && send() },
  });
  const send = () => {
    box.hidePopover();
    reject(reason.value.trim());
  };
  const box = popover(
    opener,
    label,
    h("label.dc-field", h("span", `Why? Optional; later ${what}s see it.`), reason),
    h(
      "div.dc-actions",
      button({
        action: "reject-now",
        label: `${label} (Enter)`,
        text: "Reject",
        kind: "danger",
        click: send,
      }),
    ),
  );
  return [opener, box];
}
