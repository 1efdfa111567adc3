import { counted } from "../amounts";
import { closeButton } from "../closebutton";
import { h } from "../dom";
import { focusLabel } from "../focus";
import type { MapView } from "../map/view";
import type { Scope } from "../scope";
import { select, selectMode } from "../selecting";
import type { Density } from "../ui";
import { button } from "./button";

const DENSITIES: Record<Density, { next: Density; says: string }> = {
  auto: { next: "on", says: "Density where there are many points. Click to show it everywhere" },
  on: { next: "off", says: "Density everywhere. Click to show every point" },
  off: { next: "auto", says: "Every point is shown. Click to show density where there are many" },
};

/** The line under the map: what the marks mean, or what is highlighted; and how the map is looked at. */
export function mapFoot({ connection, signal }: Scope, view: MapView): HTMLElement {
  const { ui } = connection;
  const legend = h(
    "div.dc-map-legend",
    { "aria-hidden": "true" },
    h("span", h("i.dc-dot"), "original"),
    h("span", h("i.dc-ring"), "generated"),
    h("span", h("i.dc-pie", { style: { "--share": "40%" } }), "label, generated share"),
  );
  const focus = h("div.dc-map-focus");
  const renderFocus = () => {
    const chosen = ui.focus;
    focus.hidden = !chosen;
    legend.hidden = !!chosen;
    if (!chosen) return;
    const choose = h(
      "button.dc-link",
      {
        title: "Select the pictures with this label. Ctrl adds to the selection, Alt takes away",
        "data-action": "select-label",
        on: { click: (event) => select(connection, chosen.pictures, selectMode(event)) },
      },
      "Select them",
    );
    const end = closeButton(
      "End the highlight",
      () => void focusLabel(connection, chosen.text, chosen.labels, "map"),
    );
    const count = counted(chosen.pictures.size, "picture");
    focus.replaceChildren(h("b", { dir: "auto" }, chosen.text), h("span", count), choose, end);
  };
  const density = button({
    action: "density",
    label: "Density",
    icon: "density",
    text: "auto",
    click: () => ui.setDensity(DENSITIES[ui.density].next),
  });
  const renderDensity = () => {
    const { says } = DENSITIES[ui.density];
    density.title = says;
    density.setAttribute("aria-label", says);
    density.lastChild!.textContent = ui.density;
  };
  ui.on("focus", renderFocus, signal);
  ui.on("density", renderDensity, signal);
  renderFocus();
  renderDensity();
  return h(
    "footer.dc-map-foot",
    legend,
    focus,
    h(
      "div.dc-group",
      { role: "group", label: "View" },
      density,
      button({ action: "zoom-out", label: "Zoom out (−)", icon: "minus", click: () => view.zoom(1 / 1.5) }),
      button({ action: "zoom-in", label: "Zoom in (+)", icon: "plus", click: () => view.zoom(1.5) }),
      button({ action: "fit", label: "Fit: show everything (0)", icon: "fit", click: () => view.fit() }),
    ),
  );
}
