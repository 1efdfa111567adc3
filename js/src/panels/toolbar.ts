import { h } from "../dom";
import { giveFeedback } from "../feedback";
import type { MapView, Tool } from "../map/view";
import type { Scope } from "../scope";
import { button } from "./button";
import { changeBox } from "./changebox";
import { selectBox } from "./selectbox";
import { setsBox } from "./setsbox";
import { weightsBox } from "./weightsbox";

/** The map's tools: how to select, what to do with the selection, undo and redo. */
export function toolbar(scope: Scope, view: MapView): HTMLElement {
  const { connection, signal } = scope;
  const { ui, store } = connection;
  const act = async (name: "remove" | "more_like") => {
    const taken = await giveFeedback(scope, name, { ids: [...ui.selection] });
    if (taken && name === "remove") ui.select([]);
  };
  const tool = (name: Tool, label: string) =>
    button({ action: name, label, icon: name, click: () => view.setTool(chosen === name ? "pan" : name) });
  const tools: Record<Tool, HTMLButtonElement> = {
    pan: tool("pan", "Move the map (V)"),
    lasso: tool("lasso", "Lasso: draw around pictures (L, or Shift and drag). Ctrl adds, Alt takes away"),
    rectangle: tool("rectangle", "Select a rectangle (R). Ctrl adds, Alt takes away"),
  };
  let chosen: Tool = "pan";
  view.onTool((now) => {
    chosen = now;
    for (const [name, element] of Object.entries(tools))
      element.setAttribute("aria-pressed", String(name === now));
  });
  const remove = button({
    action: "remove",
    label: "Remove: hide the selected pictures and look for a prompt that makes fewer like them",
    icon: "remove",
    text: "Remove",
    kind: "danger",
    click: () => void act("remove"),
  });
  const more = button({
    action: "more-like",
    label: "More like these: look for a prompt that makes more pictures like the selected ones",
    icon: "more",
    text: "More like these",
    click: () => void act("more_like"),
  });
  const change = changeBox(scope);
  const undo = button({
    action: "undo",
    label: "Undo",
    icon: "undo",
    click: () => void connection.act("undo", {}, "map"),
  });
  const redo = button({
    action: "redo",
    label: "Redo",
    icon: "redo",
    click: () => void connection.act("redo", {}, "map"),
  });
  const count = h("span.dc-count"); // what is selected is announced elsewhere
  let acting: ReadonlySet<string> = new Set();
  const refresh = () => {
    const n = ui.selection.length;
    const frozen = store.get("info").read_only;
    const { undo: undoable, redo: redoable } = store.get("history");
    count.textContent = n ? `${n.toLocaleString("en")} selected` : "";
    remove.disabled = !n || frozen || acting.has("remove");
    more.disabled = !n || frozen || acting.has("more_like");
    change.opener.disabled = !n || frozen || acting.has("transform");
    undo.disabled = !undoable || frozen || acting.has("undo");
    redo.disabled = !redoable || frozen || acting.has("redo");
    undo.title = undoable ? `Undo: ${undoable}` : "Nothing to undo";
    redo.title = redoable ? `Redo: ${redoable}` : "Nothing to redo";
  };
  ui.on("selection", refresh, signal);
  ui.on(
    "acting",
    (now) => {
      acting = now;
      refresh();
    },
    signal,
  );
  store.on("history", refresh, signal);
  store.on("info", refresh, signal);
  refresh();
  const group = (...children: HTMLElement[]) => h("div.dc-group", ...children);
  return h(
    "div.dc-toolbar",
    { role: "toolbar", label: "Map tools" },
    count,
    group(more, change.element, remove),
    group(...Object.values(tools), selectBox(scope)),
    group(undo, redo),
    group(setsBox(scope), weightsBox(scope)),
  );
}
