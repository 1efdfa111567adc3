import { closeButton } from "../closebutton";
import { h } from "../dom";
import { focusLabel } from "../focus";
import { MapView } from "../map/view";
import { isPending } from "../pending";
import type { Scope } from "../scope";
import { frame } from "./frame";
import { toolbar } from "./toolbar";

/** Map: pictures and the words that describe them, in one place; and the tools to point at them. */
export function mapPanel(scope: Scope): { element: HTMLElement; view: MapView } {
  const { connection, root, signal, notices } = scope;
  const { store, ui } = connection;
  const { element, header, body } = frame("map", "Map");
  const view = new MapView(connection, root, signal);
  header.append(toolbar(scope, view));
  const empty = h("div", { class: "dc-map-empty" });
  const focus = h("div", { class: "dc-map-focus", attrs: { hidden: true } });
  const legend = h(
    "div",
    { class: "dc-map-legend", attrs: { "aria-hidden": "true" } },
    h("span", {}, h("i", { class: "dc-dot" }), "original"),
    h("span", {}, h("i", { class: "dc-ring" }), "generated"),
    h("span", {}, h("i", { class: "dc-pie", style: { "--share": "40%" } }), "content label, generated share"),
  );
  view.element.append(legend, focus, empty);
  body.append(notices.slot("map"), view.element);

  const renderEmpty = () => {
    const { points } = store;
    const looking = store.get("jobs").some(isPending);
    empty.hidden = points.count > 0;
    if (!empty.hidden) empty.replaceChildren(...emptyState(store.get("info").classes.length > 0, looking));
  };
  const renderFocus = () => {
    const chosen = ui.focus;
    focus.hidden = !chosen;
    if (!chosen) return;
    const select = h(
      "button",
      {
        class: "dc-link",
        attrs: { type: "button", "data-action": "select-label" },
        on: { click: () => ui.select([...chosen.pictures].sort((a, b) => a - b)) },
      },
      "Select them",
    );
    const end = closeButton(
      "End the highlight",
      () => void focusLabel(connection, chosen.text, chosen.labels, "map"),
    );
    focus.replaceChildren(
      h("b", {}, chosen.text),
      h("span", {}, `${chosen.pictures.size} pictures`),
      select,
      end,
    );
  };
  store.on("points", renderEmpty, signal);
  store.on("jobs", renderEmpty, signal);
  store.on("info", renderEmpty, signal);
  ui.on("focus", renderFocus, signal);
  renderEmpty();
  renderFocus();
  return { element, view };
}

function emptyState(hasPictures: boolean, looking: boolean): Node[] {
  if (looking) return [h("i", { class: "dc-spinner" }), h("p", {}, "Looking at the pictures …")];
  if (hasPictures) {
    return [
      h("h3", {}, "Not looked at yet"),
      h("p", {}, "Run session.observe() to place the pictures on the map."),
    ];
  }
  return [
    h("h3", {}, "No pictures yet"),
    h("p", {}, "Add some with session.add_images(…), a folder of class folders for instance."),
  ];
}
