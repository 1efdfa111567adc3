import type { counted as countedOf } from "../amounts";
import type { h as make } from "../dom";
import type { icon as iconOf } from "../icons";
import type { lateImage as late } from "../lateimage";
import type { button as buttonOf } from "../panels/button";
import type { choicesOf as choices } from "../panels/choices";
import type { compareBox as compare } from "../panels/detail/comparebox";
import type { numberField as field } from "../panels/numberfield";
import type { switchOf as switches } from "../panels/switch";
import type { popover as pops } from "../popover";
import type { roving as rove } from "../roving";
import type { svg as draw } from "../svg";

/** What the dashboard lends the studio, so that it does not travel twice. */
export interface Kit {
  h: typeof make;
  button: typeof buttonOf;
  icon: typeof iconOf;
  lateImage: typeof late;
  numberField: typeof field;
  choicesOf: typeof choices;
  switchOf: typeof switches;
  counted: typeof countedOf;
  roving: typeof rove;
  compareBox: typeof compare;
  svg: typeof draw;
  popover: typeof pops;
}

export let h: Kit["h"];
export let button: Kit["button"];
export let icon: Kit["icon"];
export let lateImage: Kit["lateImage"];
export let numberField: Kit["numberField"];
export let choicesOf: Kit["choicesOf"];
export let switchOf: Kit["switchOf"];
export let counted: Kit["counted"];
export let roving: Kit["roving"];
export let compareBox: Kit["compareBox"];
export let svg: Kit["svg"];
export let popover: Kit["popover"];

/** Takes what is lent, before anything else is asked of the studio. */
export function lend(kit: Kit): void {
  ({
    h,
    button,
    icon,
    lateImage,
    numberField,
    choicesOf,
    switchOf,
    counted,
    roving,
    compareBox,
    svg,
    popover,
  } = kit);
}
