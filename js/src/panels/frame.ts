import { h } from "../dom";
import type { PanelName } from "../protocol";

export interface Frame {
  element: HTMLElement;
  header: HTMLElement;
  body: HTMLElement;
}

/** The box that every panel lives in: a title line and a body. */
export function frame(name: PanelName, title: string): Frame {
  const header = h("header", { class: "dc-panel-header" }, h("h2", {}, title));
  const body = h("div", { class: "dc-panel-body" });
  const element = h(
    "section",
    { class: `dc-panel dc-${name}`, attrs: { "data-panel": name, "aria-label": title } },
    header,
    body,
  );
  return { element, header, body };
}
