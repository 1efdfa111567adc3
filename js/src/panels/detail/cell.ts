import { h } from "../../dom";
import { icon } from "../../icons";
import type { Scope } from "../../scope";

/** What is known of a picture when it is drawn. */
export interface CellState {
  id: number;
  className: string;
  colour: string;
  hidden: boolean;
  flagged: boolean;
  /** Generations from the first picture of its family. */
  generation: number;
  chosen: boolean;
  muted: boolean;
}

/** A picture among others: a placeholder in the colour of its class until `load`. */
export class PictureCell {
  readonly id: number;
  readonly generated: boolean;
  readonly element: HTMLElement;
  readonly #image = h("img", { alt: "", draggable: "false" });
  readonly #flag = h("span", { class: "dc-flag" }, icon("warning"));
  readonly #bin = h("span", { class: "dc-bin" }, icon("remove"));
  #asked = false;

  constructor(id: number, generated: boolean) {
    this.id = id;
    this.generated = generated;
    this.#image.decoding = "sync"; // else a picture that is there already shows a frame late
    this.element = h(
      "div",
      {
        class: `dc-picture dc-${generated ? "generated" : "original"}`,
        role: "gridcell",
        tabindex: -1,
        "data-picture": id,
      },
      this.#image,
      this.#flag,
      this.#bin,
    );
  }

  /** Asks for the picture: at once when it is known, else only if `rested`. */
  load({ connection: { thumbnails } }: Scope, rested: boolean): void {
    if (this.#asked || !(rested || thumbnails.has(this.id))) return;
    this.#asked = true;
    void thumbnails.picture(this.id).then((url) => {
      if (url) this.#image.src = url;
      else this.#asked = false;
    });
  }

  update(state: CellState): void {
    const { hidden, flagged, generation, chosen } = state;
    const { element } = this;
    const words = [
      `${state.className} ${state.id}`,
      this.generated ? "generated" : "original",
      generation > 1 && `generation ${generation}`,
      hidden && "removed",
      flagged && "flagged",
    ];
    const name = words.filter((word) => !!word).join(", ");
    if (element.getAttribute("aria-label") !== name) {
      element.setAttribute("aria-label", name);
      element.title = `${name}. Click to see where it comes from.`;
    }
    element.setAttribute("aria-selected", String(chosen));
    element.style.setProperty("--class", state.colour);
    element.toggleAttribute("data-chosen", chosen);
    element.toggleAttribute("data-hidden", hidden);
    element.toggleAttribute("data-muted", state.muted);
    if (generation > 1) element.dataset.generation = String(Math.min(generation, 9));
    else delete element.dataset.generation;
    this.#flag.hidden = !flagged;
    this.#bin.hidden = !hidden;
  }
}
