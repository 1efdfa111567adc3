import { h } from "./dom";

const GAP = 4;
const EDGE = 8;
/** Pixels that a box has at its side of the opener, or else it is moved to the other one. */
const ROOM = 320;

/**
 * A small box that a button opens, above everything else. The browser closes it on Escape and on a click elsewhere and
 * gives the focus back; a child with `data-first`, or else the box, gets it when it opens.
 */
export function popover(opener: HTMLButtonElement, label: string, ...children: HTMLElement[]): HTMLElement {
  const box = h(
    "div.dc-popover",
    {
      popover: "auto",
      role: "dialog",
      label,
      tabindex: -1,
      on: { keydown: (event) => event.stopPropagation() }, // Jupyter has keys of its own
    },
    ...children,
  );
  opener.popoverTargetElement = box;
  opener.ariaHasPopup = "dialog";
  opener.ariaExpanded = "false";
  let open = new AbortController();
  const follow = () => (box.isConnected ? place(box, opener) : open.abort());
  box.addEventListener("beforetoggle", ({ newState }) => {
    open.abort();
    if (newState !== "open") return;
    open = new AbortController();
    for (const move of ["scroll", "resize"]) {
      window.addEventListener(move, follow, { capture: true, signal: open.signal });
    }
    follow();
  });
  box.addEventListener("toggle", ({ newState }) => {
    opener.ariaExpanded = String(newState === "open");
    if (newState === "open") (box.querySelector<HTMLElement>("[data-first]") ?? box).focus();
  });
  return box;
}

/** Below the opener or above it, from its left edge or its right one: to the side that has more room. */
function place({ style }: HTMLElement, opener: HTMLElement): void {
  const { left, right, top, bottom } = opener.getBoundingClientRect();
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const above = (top + bottom) / 2 > height * 0.6;
  const room = (above ? top : height - bottom) - GAP - EDGE;
  style.top = above ? "auto" : `${bottom + GAP}px`;
  style.bottom = above ? `${height - top + GAP}px` : "auto";
  const leftwards = (left + right) / 2 > width / 2;
  const inset = Math.max(EDGE, Math.min(leftwards ? width - right : left, width - ROOM));
  style.left = leftwards ? "auto" : `${inset}px`;
  style.right = leftwards ? `${inset}px` : "auto";
  style.maxWidth = `${width - inset - EDGE}px`;
  style.maxHeight = `${Math.max(120, room)}px`;
}
