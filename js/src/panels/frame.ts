import { h } from "../dom";
import { icon } from "../icons";
import type { PanelName } from "../protocol";

export interface Frame {
  element: HTMLElement;
  header: HTMLElement;
  body: HTMLElement;
}

/** The box that every panel lives in: a title line, whose title folds the panel, and a body. */
export function frame(name: PanelName, title: string): Frame {
  const fold = h(
    "button.dc-fold",
    {
      title: "Collapse or expand this panel",
      "data-action": "collapse",
      "aria-expanded": "true",
    },
    title,
    icon("down"),
  );
  const header = h("header.dc-panel-header", h("h2", fold));
  const body = h("div.dc-panel-body");
  const element = h(
    "section",
    { class: `dc-panel dc-${name}`, "data-panel": name, label: title },
    header,
    body,
  );
  return { element, header, body };
}
