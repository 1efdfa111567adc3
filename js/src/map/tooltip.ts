import { h } from "../dom";
import type { Thumbnails } from "../thumbnails";

const GAP = 14;
const EDGE = 4;
const KEPT = 160; // pictures that are ready to be shown

/** What a tooltip says of a picture. */
export interface Told {
  id: number;
  title: string;
  note: string;
  colour: string;
}

/** The picture under the pointer, beside it and inside the map. */
export class Tooltip {
  readonly element = h("div", { class: "dc-tooltip", hidden: true, role: "tooltip" });
  readonly #thumbnails: Thumbnails;
  readonly #images = new Map<number, HTMLImageElement>();
  readonly #words = h("div", { class: "dc-tooltip-words" });
  #picture = -1;
  #place = [0, 0];

  constructor(thumbnails: Thumbnails) {
    this.#thumbnails = thumbnails;
  }

  show({ id, title, note, colour }: Told, px: number, py: number): void {
    const { element } = this;
    this.#place = [px, py];
    if (id !== this.#picture) {
      this.#picture = id;
      const text = h("div", { class: "dc-tooltip-text" }, h("strong", {}, title), h("span", {}, note));
      this.#words.replaceChildren();
      element.replaceChildren(this.#image(id), text, this.#words);
      element.style.setProperty("--class", colour);
    }
    element.hidden = false;
    this.#move();
  }

  /** More on the picture, once it is known. */
  tell(id: number, labels: string, prompt: string): void {
    if (id !== this.#picture) return;
    this.#words.replaceChildren(
      ...(labels ? [h("span", {}, labels)] : []),
      ...(prompt ? [h("q", {}, prompt)] : []),
    );
    this.#move();
  }

  /** Gets pictures that may be pointed at next. */
  prepare(ids: readonly number[]): void {
    for (const id of ids) this.#image(id);
  }

  hide(): void {
    this.element.hidden = true;
    this.#picture = -1;
  }

  /** An element that has loaded is shown with the frame it is put into; a new one would be blank for a moment. */
  #image(id: number): HTMLImageElement {
    const known = this.#images.get(id);
    if (known) return known;
    const image = h("img", { alt: "", width: 96, height: 96, decoding: "sync" });
    this.#images.set(id, image);
    for (const old of this.#images.keys()) {
      if (this.#images.size <= KEPT) break;
      this.#images.delete(old);
    }
    void this.#thumbnails.picture(id).then((url) => {
      if (url) image.src = url;
      else this.#images.delete(id);
    });
    return image;
  }

  #move(): void {
    const { offsetWidth, offsetHeight, offsetParent, style } = this.element;
    const [px, py] = this.#place;
    const { clientWidth, clientHeight } = offsetParent ?? this.element;
    const right = px + GAP + offsetWidth + EDGE <= clientWidth;
    const x = Math.max(EDGE, right ? px + GAP : px - GAP - offsetWidth);
    const y = Math.max(EDGE, Math.min(py - 54, clientHeight - offsetHeight - EDGE));
    style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}
