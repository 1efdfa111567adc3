import { h } from "../dom";
import { icon } from "../icons";
import type { ConceptInfo } from "../protocol";
import { button } from "./button";

/** The words that the generator learned for a class, each to copy or to use in a prompt. */
export function conceptList(concepts: readonly ConceptInfo[], insert: (token: string) => void): HTMLElement {
  const line = ({ token }: ConceptInfo) => {
    const copy = button({
      action: "copy-token",
      label: `Copy ${token}`,
      icon: "copy",
      click: async () => {
        try {
          await navigator.clipboard.writeText(token);
          copy.replaceChildren(icon("check"));
        } catch {
          getSelection()?.selectAllChildren(word); // no right to the clipboard: one key press is left to the person
        }
      },
    });
    const word = h("code", token);
    const use = button({
      action: "insert-token",
      label: `Use ${token} in a prompt`,
      icon: "edit",
      click: () => insert(token),
    });
    return h("div.dc-concept", { "data-token": token }, "Learned", word, copy, use);
  };
  return h("div.dc-concepts", ...concepts.map(line));
}
