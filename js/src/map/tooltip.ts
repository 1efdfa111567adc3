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
export function tooltipFor(thumbnails: Thumbnails) {
  const words = h("div.dc-tooltip-words");
  const element = h("div.dc-tooltip", { hidden: true, role: "tooltip" });
  const images = new Map<number, HTMLImageElement>();
  let shown = -1;
  let [px, py] = [0, 0];

  /** An element that has loaded is shown with the frame it is put into; a new one would be blank for a moment. */
  function image(id: number): HTMLImageElement {
    const known = images.get(id);
    if (known) return known;
    const picture = h("img", { alt: "", width: 96, height: 96, decoding: "sync" });
    images.set(id, picture);
    const [oldest] = images.keys();
    if (images.size > KEPT) images.delete(oldest);
    void thumbnails.picture(id).then((url) => {
      if (url) picture.src = url;
      else images.delete(id);
    });
    return picture;
  }

  function move(): void {
    const { offsetWidth, offsetHeight, offsetParent, style } = element;
    const { clientWidth, clientHeight } = offsetParent ?? element;
    const right = px + GAP + offsetWidth + EDGE <= clientWidth;
    const x = Math.max(EDGE, right ? px + GAP : px - GAP - offsetWidth);
    const y = Math.max(EDGE, Math.min(py - 54, clientHeight - offsetHeight - EDGE));
    style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  return {
    element,

    show({ id, title, note, colour }: Told, x: number, y: number): void {
      [px, py] = [x, y];
      if (id !== shown) {
        shown = id;
        words.replaceChildren();
        const text = h("div.dc-tooltip-text", h("strong", title), h("span", note));
        element.replaceChildren(image(id), text, words);
        element.style.setProperty("--class", colour);
      }
      element.hidden = false;
      move();
    },

    /** More on the picture, once it is known. */
    tell(id: number, labels: string, prompt: string): void {
      if (id !== shown) return;
      words.replaceChildren(...(labels ? [h("span", labels)] : []), ...(prompt ? [h("q", prompt)] : []));
      move();
    },

    /** Gets pictures that may be pointed at next. */
    prepare(ids: readonly number[]): void {
      ids.forEach(image);
    },

    hide(): void {
      element.hidden = true;
      shown = -1;
    },
  };
}
