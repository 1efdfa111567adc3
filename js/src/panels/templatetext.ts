import { h } from "../dom";
import { templateParts } from "../slots";

/** A template with its slots as groups of options and the class word as a badge. */
export function templateText(text: string, word: string): HTMLElement {
  const line = h("p", { class: "dc-template" });
  for (const part of templateParts(text)) {
    if (part.kind === "text") line.append(part.text);
    else if (part.kind === "class") line.append(h("b", { class: "dc-word", title: "{class}" }, word));
    else {
      const options = part.options.map((option) => h("span", {}, option || "–"));
      line.append(h("span", { class: "dc-options", title: "One of these for each picture" }, ...options));
    }
  }
  return line;
}
