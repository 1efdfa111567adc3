import { h } from "../dom";
import { popover } from "../popover";
import { button } from "./button";

/** Keeps a bar in one line: groups that have no room, the last ones first, go into the box of a button "…". */
export function foldAway(bar: HTMLElement, groups: readonly HTMLElement[], signal: AbortSignal): void {
  const opener = button({ action: "more-tools", label: "More tools", icon: "dots" });
  const box = popover(opener, "More tools");
  box.classList.add("dc-more-tools");
  const rest = h("div", {}, opener, box);
  bar.append(...groups, rest);
  const fit = () => {
    if (box.matches(":popover-open")) return;
    for (const group of groups) if (group.parentElement === box) rest.before(group);
    rest.hidden = true;
    for (const group of [...groups].reverse()) {
      if (bar.scrollWidth <= bar.clientWidth) break;
      box.prepend(group);
      rest.hidden = false;
    }
  };
  const size = new ResizeObserver(fit);
  size.observe(bar);
  for (const child of bar.children) size.observe(child);
  signal.addEventListener("abort", () => size.disconnect(), { once: true });
}
