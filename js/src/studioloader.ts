import { counted } from "./amounts";
import type { Connection } from "./connection";
import { h } from "./dom";
import { icon } from "./icons";
import { lateImage } from "./lateimage";
import { button } from "./panels/button";
import { choicesOf } from "./panels/choices";
import { compareBox } from "./panels/detail/comparebox";
import { numberField } from "./panels/numberfield";
import { switchOf } from "./panels/switch";
import { popover } from "./popover";
import { roving } from "./roving";
import type { Scope } from "./scope";
import type * as studio from "./studio";
import type { Kit } from "./studio/kit";
import { svg } from "./svg";

export type Studio = typeof studio;

const kit: Kit = {
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
};

/** Asks Python for the studio. Its text becomes a module as a blob: no server has it. */
export async function fetchStudio(request: Connection["request"]): Promise<Studio> {
  const { buffers } = await request("studio", {}, "");
  const url = URL.createObjectURL(new Blob(buffers as BlobPart[], { type: "text/javascript" }));
  const module: Studio = await import(url);
  URL.revokeObjectURL(url);
  module.lend(kit);
  return module;
}

/** Does something with the studio and its style sheet, or says at `where` why it can't; whether it could. */
export async function withStudio(
  { connection, root, signal }: Scope,
  where: string,
  run: (studio: Studio) => void,
): Promise<boolean> {
  try {
    const studio = await connection.studio();
    if (signal.aborted) return false;
    if (!root.querySelector(":scope > style")) root.append(h("style", studio.sheet));
    run(studio);
    return true;
  } catch (error) {
    connection.ui.emit("notice", { where, kind: "error", message: (error as Error).message });
    return false;
  }
}
