import { h } from "../dom";
import { lateImage } from "../lateimage";
import type { Thumbnails } from "../thumbnails";

/** The picture under the pointer, beside it. */
export class Tooltip {
  readonly element = h("div", { class: "dc-tooltip", attrs: { hidden: true, role: "tooltip" } });
  readonly #thumbnails: Thumbnails;
  #picture = -1;

  constructor(thumbnails: Thumbnails) {
    this.#thumbnails = thumbnails;
  }

  show(id: number, title: string, note: string, colour: string, px: number, py: number, width: number): void {
    const { element } = this;
    element.hidden = false;
    const left = px + 150 > width;
    element.style.transform = `translate(${Math.round(px)}px, ${Math.round(py)}px) translate(${left ? "calc(-100% - 14px)" : "14px"}, -50%)`;
    if (id === this.#picture) return;
    this.#picture = id;
    const image = lateImage(this.#thumbnails.picture(id), { alt: title, width: 96, height: 96 });
    element.replaceChildren(
      image,
      h("div", { class: "dc-tooltip-text" }, h("strong", {}, title), h("span", {}, note)),
    );
    element.style.setProperty("--class", colour);
  }

  hide(): void {
    this.element.hidden = true;
    this.#picture = -1;
  }
}
