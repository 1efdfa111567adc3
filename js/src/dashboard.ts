import { announcer } from "./announce";
import type { Connection } from "./connection";
import { h } from "./dom";
import { helpBox } from "./help";
import { followKeys } from "./keys";
import type { MapView } from "./map/view";
import { Notices } from "./notices";
import { palette } from "./palette";
import { detailPanel } from "./panels/detail";
import { evaluationPanel } from "./panels/evaluation";
import { infoPanel } from "./panels/info";
import { mapPanel } from "./panels/map";
import { metricsPanel } from "./panels/metrics";
import { promptsPanel } from "./panels/prompts";
import { suggestionsPanel } from "./panels/suggestions";
import { panes } from "./panes";
import { isPending } from "./pending";
import type { PanelName } from "./protocol";
import type { Scope } from "./scope";
import { followTheme } from "./theme";

interface View {
  connection: Connection;
  el: HTMLElement;
  signal: AbortSignal;
}

/** Draws one view of the widget into `el`, until the signal. */
export function dashboard({ connection, el, signal }: View): void {
  const { store, ui } = connection;
  const notices = new Notices();
  const waiting = h("div.dc-waiting", { role: "status" });
  // Jupyter keeps its shortcuts to itself while the focus is inside.
  const root = h("div.datacrafter", {
    "data-ready": "false",
    "data-lm-suppress-shortcuts": "true",
  });
  const colours = () => palette(Math.max(1, store.get("info").classes.length), root.dataset.theme === "dark");
  const scope: Scope = { connection, root, notices, signal, colours };
  const size = () => root.style.setProperty("--dc-height", `${connection.trait("height") || 720}px`);
  size();
  let map: MapView | null = null;
  const retheme = followTheme(
    root,
    () => connection.trait("theme") ?? "auto",
    () => {
      map?.scene.retheme();
      root.dispatchEvent(new CustomEvent("datacrafter-theme"));
    },
    signal,
  );
  const make: Record<PanelName, () => HTMLElement> = {
    info: () => infoPanel(scope),
    metrics: () => metricsPanel(scope),
    evaluation: () => evaluationPanel(scope),
    map: () => {
      const panel = mapPanel(scope);
      map = panel.view;
      return panel.element;
    },
    prompts: () => promptsPanel(scope),
    suggestions: () => suggestionsPanel(scope),
    detail: () => detailPanel(scope),
  };
  const grid = panes(scope, make);
  root.append(grid, waiting, notices.element, announcer(scope));
  const help = helpBox(connection.trait("panels") ?? (Object.keys(make) as PanelName[]));
  (grid.querySelector(".dc-map header") ?? grid.querySelector("header"))?.append(help.element);
  followKeys(scope, help.open);
  el.append(root);
  map = map as MapView | null;
  map?.scene.retheme();
  if (!map) root.dataset.ready = "true";

  ui.on("notice", (notice) => notices.show(notice), signal);
  const wait = (seconds = 0) => {
    const saved = connection.saved();
    waiting.classList.toggle("dc-saved", saved);
    waiting.textContent = saved
      ? "A saved view: look around as you like. To work with it, run its cell in a notebook."
      : seconds < 2.5
        ? ""
        : seconds < 30
          ? "Waiting for the kernel: another cell may be running. What is shown keeps updating."
          : "No answer from the kernel. If it is not running, run the cell again; what you see is what was saved.";
  };
  ui.on("waiting", wait, signal);
  wait();
  const count = () => {
    const { points } = store;
    const counts = { points: points.shown, generated: points.shownGenerated };
    Object.assign(root.dataset, counts, { selected: ui.selection.length });
  };
  const jobs = () => {
    root.dataset.job = store.get("jobs").some(isPending) ? "running" : "idle";
  };
  store.on("points", count, signal);
  ui.on("selection", count, signal);
  store.on("jobs", jobs, signal);
  count();
  jobs();
  connection.onTrait("height", size, signal);
  connection.onTrait("theme", retheme, signal);
  signal.addEventListener("abort", () => root.remove());
}
