import { popover } from "./popover";
import type { Scope } from "./scope";
import { type Studio, withStudio } from "./studioloader";

/** A popover whose content comes with the studio, once it is opened. */
export function lateBox(
  scope: Scope,
  opener: HTMLButtonElement,
  label: string,
  where: string,
  fill: (studio: Studio) => HTMLElement[],
): HTMLElement {
  const box = popover(opener, label);
  box.addEventListener("toggle", async ({ newState }) => {
    if (newState !== "open" || box.firstChild) return;
    const filled = await withStudio(scope, where, (studio) => {
      if (!box.firstChild) box.append(...fill(studio));
      if (box.matches(":popover-open")) box.querySelector<HTMLElement>("[data-first]")?.focus();
    });
    if (!filled) box.hidePopover();
  });
  return box;
}
