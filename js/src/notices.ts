import { closeButton } from "./closebutton";
import { h } from "./dom";
import { icon } from "./icons";
import type { Notice } from "./ui";

/**
 * Shows messages where they belong: in the slot of that name, or as a toast when no slot has it. A slot has room for
 * what came of the last action and for one warning, which stays until it is dismissed and then doesn't come back.
 */
export class Notices {
  readonly element = h("div.dc-toasts", { role: "status", "aria-live": "polite" });
  readonly #slots = new Map<string, HTMLElement>();
  readonly #dismissed = new Set<string>();

  /** A place for the messages of `where`. A slot that is left out of the document is passed over. */
  slot(where: string): HTMLElement {
    const slot = h("div.dc-slot", { "data-slot": where });
    this.#slots.set(where, slot);
    return slot;
  }

  /** Takes away what came of the last action. */
  clear(where: string): void {
    for (const box of messages(this.#slots.get(where), false)) box.remove();
  }

  show(notice: Notice): void {
    const { where, kind, message } = notice;
    const slot = this.#slots.get(where);
    const place = slot?.isConnected ? slot : this.element;
    const warning = kind === "warning";
    const present = messages(place, warning);
    if (warning && (this.#dismissed.has(message) || present.some((box) => box.textContent === message)))
      return;
    const box = this.#message(notice);
    if (place === slot) for (const old of present) old.remove();
    else if (kind === "done") setTimeout(() => box.remove(), 6000);
    place.append(box);
    while (place.childElementCount > 4) place.firstElementChild?.remove();
  }

  #message({ kind, message }: Notice): HTMLElement {
    const close = closeButton("Dismiss", () => {
      box.remove();
      if (kind === "warning") this.#dismissed.add(message);
    });
    const box = h(
      "div",
      { class: `dc-notice dc-notice-${kind}`, role: kind === "error" ? "alert" : "status" },
      icon(kind === "done" ? "check" : "warning"),
      h("span", message),
      close,
    );
    return box;
  }
}

/** The warnings in a place, or else its other messages. */
function messages(place: HTMLElement | undefined, warnings: boolean): Element[] {
  return [...(place?.children ?? [])].filter(
    (box) => box.classList.contains("dc-notice-warning") === warnings,
  );
}
