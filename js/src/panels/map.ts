import { h } from "../dom";
import { type MapView, mapView } from "../map/view";
import { isPending } from "../pending";
import type { ClassRow } from "../protocol";
import type { Scope } from "../scope";
import { frame } from "./frame";
import { mapFoot } from "./mapfoot";
import { toolbar } from "./toolbar";

/** Map: pictures and the words that describe them, in one place; and the tools to point at them. */
export function mapPanel(scope: Scope): { element: HTMLElement; view: MapView } {
  const { connection, root, signal, notices } = scope;
  const { store, ui } = connection;
  const { element, header, body } = frame("map", "Map");
  const view = mapView(connection, root, signal);
  header.append(toolbar(scope, view));
  const empty = h("div.dc-map-empty");
  view.element.append(empty);
  body.append(notices.slot("map"), view.element, mapFoot(scope, view));

  const renderEmpty = () => {
    const { points } = store;
    const { classes } = store.get("info");
    const chosen = classes.filter(({ id }) => !ui.classes.size || ui.classes.has(id));
    const visible = chosen.reduce((sum, row) => sum + row.originals + row.generated, 0);
    const looking = store.get("jobs").some(isPending);
    empty.hidden = points.shown > 0 && (visible > 0 || !ui.classes.size);
    if (!empty.hidden) empty.replaceChildren(...emptyState(chosen, visible, looking));
  };
  store.on("points", renderEmpty, signal);
  store.on("jobs", renderEmpty, signal);
  store.on("info", renderEmpty, signal);
  ui.on("classes", renderEmpty, signal);
  renderEmpty();
  return { element, view };
}

function emptyState(classes: readonly ClassRow[], visible: number, looking: boolean): Node[] {
  if (visible && looking) return [h("i.dc-spinner"), h("p", "Looking at the pictures …")];
  const [title, text] = !classes.length
    ? ["No pictures yet", "Add some with session.add_images(…), a folder of class folders for instance."]
    : visible
      ? ["Not looked at yet", "Run session.observe() to place the pictures on the map."]
      : classes.some(({ hidden }) => hidden)
        ? ["All pictures are removed", "Undo brings them back."]
        : ["No pictures here yet", "Generate some, or choose another class."];
  return [h("h3", title), h("p", text)];
}
