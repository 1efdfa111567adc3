import type { Connection } from "./connection";
import { h } from "./dom";
import type { MapView } from "./map/view";
import { Notices } from "./notices";
import { palette } from "./palette";
import { detailPanel } from "./panels/detail";
import { infoPanel } from "./panels/info";
import { mapPanel } from "./panels/map";
import { metricsPanel } from "./panels/metrics";
import { promptsPanel } from "./panels/prompts";
import { isPending } from "./pending";
import type { PanelName, WidgetModel } from "./protocol";
import type { Scope } from "./scope";
import { followTheme } from "./theme";

const COLUMNS: [string, PanelName[]][] = [
  ["left", ["info"]],
  ["centre", ["metrics", "map"]],
  ["right", ["prompts", "detail"]],
];

interface View {
  connection: Connection;
  model: WidgetModel;
  el: HTMLElement;
  signal: AbortSignal;
}

/** Draws one view of the widget into `el`, until the signal. */
export function dashboard({ connection, model, el, signal }: View): void {
  const { store, ui } = connection;
  const notices = new Notices();
  const waiting = h("div", { class: "dc-waiting", attrs: { hidden: true, role: "status" } });
  const root = h("div", { class: "datacrafter", attrs: { "data-ready": "false" } });
  const colours = () => palette(Math.max(1, store.get("info").classes.length), root.dataset.theme === "dark");
  const scope: Scope = { connection, root, notices, signal, colours };
  const size = () => root.style.setProperty("--dc-height", `${model.get("height") || 720}px`);
  size();
  let map: MapView | null = null;
  const retheme = followTheme(
    root,
    () => model.get("theme") ?? "auto",
    () => {
      map?.scene.retheme();
      root.dispatchEvent(new CustomEvent("datacrafter-theme"));
    },
    signal,
  );
  const make: Record<PanelName, () => HTMLElement> = {
    info: () => infoPanel(scope),
    metrics: () => metricsPanel(scope),
    map: () => {
      const panel = mapPanel(scope);
      map = panel.view;
      return panel.element;
    },
    prompts: () => promptsPanel(scope),
    detail: () => detailPanel(scope),
  };
  const wanted = model.get("panels") ?? COLUMNS.flatMap(([, panels]) => panels);
  const columns = COLUMNS.flatMap(([name, panels]) => {
    const shown = panels.filter((panel) => wanted.includes(panel)).map((panel) => make[panel]());
    return shown.length ? [h("div", { class: `dc-column dc-${name}` }, ...shown)] : [];
  });
  const names = columns.map((column) => column.className.replace("dc-column dc-", "")[0]).join("");
  root.append(
    h("div", { class: "dc-grid", attrs: { "data-columns": names } }, ...columns),
    waiting,
    notices.element,
  );
  el.append(root);
  map = map as MapView | null;
  map?.scene.retheme();
  if (!map) root.dataset.ready = "true";

  ui.on("notice", (notice) => notices.show(notice), signal);
  ui.on("waiting", (seconds) => showWaiting(waiting, seconds), signal);
  const count = () => {
    const { points } = store;
    let drawn = 0;
    let generated = 0;
    for (let row = 0; row < points.count; row++) {
      if (!points.drawn(row)) continue;
      drawn++;
      generated += points.origin[row];
    }
    Object.assign(root.dataset, { points: drawn, generated, selected: ui.selection.length });
  };
  const jobs = () => {
    const busy = store.get("jobs").some(isPending);
    root.dataset.job = busy ? "running" : "idle";
  };
  store.on("points", count, signal);
  ui.on("selection", count, signal);
  store.on("jobs", jobs, signal);
  count();
  jobs();
  const onTheme = () => retheme();
  model.on("change:height", size);
  model.on("change:theme", onTheme);
  // Jupyter's own shortcuts must not see what is typed here.
  root.addEventListener("keydown", (event) => isField(event.target) && event.stopPropagation(), { signal });
  signal.addEventListener(
    "abort",
    () => {
      model.off("change:height", size);
      model.off("change:theme", onTheme);
      root.remove();
    },
    { once: true },
  );
}

function showWaiting(element: HTMLElement, seconds: number): void {
  element.hidden = seconds < 2.5;
  if (element.hidden) return;
  element.textContent =
    seconds < 30
      ? "Waiting for the kernel: another cell may be running. What is shown keeps updating."
      : "No answer from the kernel. If it is not running, run the cell again; what you see is what was saved.";
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
