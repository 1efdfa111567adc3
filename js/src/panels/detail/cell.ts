import { h } from "../../dom";
import { icon } from "../../icons";
import type { Scope } from "../../scope";

/** What is known of a picture when it is drawn. */
export interface CellState {
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
export interface PictureCell {
  readonly element: HTMLElement;
  readonly generated: boolean;
  /** Asks for the picture: at once when it is known, else only if `rested`. */
  load(rested: boolean): void;
  update(state: CellState): void;
}

export function pictureCell({ connection }: Scope, id: number, generated: boolean): PictureCell {
  const { thumbnails } = connection;
  const origin = generated ? "generated" : "original";
  const image = h("img", { alt: "", draggable: "false", decoding: "sync" }); // else one that is there shows a frame late
  const flag = h("span.dc-flag", icon("warning"));
  const bin = h("span.dc-bin", icon("remove"));
  const element = h(
    `div.dc-picture.dc-${origin}`,
    { role: "gridcell", tabindex: -1, "data-picture": id },
    image,
    flag,
    bin,
  );
  let asked = false;
  return {
    element,
    generated,
    async load(rested) {
      if (asked || !(rested || thumbnails.has(id))) return;
      asked = true;
      const url = await thumbnails.picture(id);
      if (url) image.src = url;
      else asked = false;
    },
    update({ className, colour, hidden, flagged, generation, chosen, muted }) {
      const words = [
        `${className} ${id}`,
        origin,
        generation > 1 && `generation ${generation}`,
        hidden && "removed",
        flagged && "flagged",
      ];
      const name = words.filter((word) => !!word).join(", ");
      element.ariaLabel = name;
      element.title = `${name}. Click to see where it comes from.`;
      element.ariaSelected = String(chosen);
      element.style.setProperty("--class", colour);
      element.toggleAttribute("data-chosen", chosen);
      element.toggleAttribute("data-hidden", hidden);
      element.toggleAttribute("data-muted", muted);
      if (generation > 1) element.dataset.generation = String(Math.min(generation, 9));
      else delete element.dataset.generation;
      flag.hidden = !flagged;
      bin.hidden = !hidden;
    },
  };
}
