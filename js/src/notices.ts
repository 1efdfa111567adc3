import { h } from "./dom";
import { icon } from "./icons";
import type { Notice } from "./ui";

/** Shows messages where they belong: in the slot of that name, or as a toast when no slot has it. */
export class Notices {
  readonly element = h("div", { class: "dc-toasts", attrs: { role: "status", "aria-live": "polite" } });
  readonly #slots = new Map<string, HTMLElement>();

  /** A place for the messages of `where`. A slot that is left out of the document is passed over. */
  slot(where: string): HTMLElement {
    const slot = h("div", { class: "dc-slot", attrs: { "data-slot": where } });
    this.#slots.set(where, slot);
    return slot;
  }

  clear(where: string): void {
    this.#slots.get(where)?.replaceChildren();
  }

  show(notice: Notice): void {
    const slot = this.#slots.get(notice.where);
    if (slot?.isConnected) slot.replaceChildren(this.#message(notice));
    else this.#toast(notice);
  }

  #toast(notice: Notice): void {
    const message = this.#message(notice);
    message.classList.add("dc-toast");
    this.element.append(message);
    if (notice.kind === "done") setTimeout(() => message.remove(), 6000);
    while (this.element.childElementCount > 4) this.element.firstElementChild?.remove();
  }

  #message({ kind, message }: Notice): HTMLElement {
    const close = h(
      "button",
      {
        class: "dc-plain",
        attrs: { type: "button", "aria-label": "Dismiss" },
        on: { click: () => box.remove() },
      },
      icon("close"),
    );
    const box = h(
      "div",
      { class: `dc-notice dc-notice-${kind}`, attrs: { role: kind === "error" ? "alert" : "status" } },
      icon(kind === "error" ? "warning" : "check"),
      h("span", {}, message),
      close,
    );
    return box;
  }
}
