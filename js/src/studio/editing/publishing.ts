import type { Requests } from "../../protocol";
import { button, h, popover } from "../kit";

const LONGEST = 200;

/** The button "Publish …" and its box: the trail up to a step goes into the gallery, under a title. */
export function publishing(
  edit: number,
  steps: readonly string[],
  publish: (args: Requests["publish_edit"]) => void,
): HTMLElement {
  const opener = button({
    action: "publish",
    label: "Publish the steps up to here in the gallery",
    text: "Publish …",
  });
  const title = h("input.dc-input", {
    type: "text",
    maxlength: LONGEST,
    value: steps.join(", ").slice(0, LONGEST),
    "data-first": true,
  });
  const description = h("textarea.dc-input", { rows: 3, maxlength: 10_000 });
  const open = h("input", { type: "checkbox", name: "public" });
  const box = popover(
    opener,
    "Publish in the gallery",
    h("label.dc-field", h("span", "Title"), title),
    h("label.dc-field", h("span", "What there is to say about it"), description),
    h("label.dc-check", open, "Public: others see it, and its static site shows it"),
    h(
      "div.dc-actions",
      button({
        action: "publish-now",
        label: "Put it into the gallery, with all pictures of its steps",
        text: "Publish",
        kind: "primary",
        click: () => {
          box.hidePopover();
          publish({ edit, title: title.value, description: description.value, public: open.checked });
        },
      }),
    ),
  );
  return h("div", opener, box);
}
