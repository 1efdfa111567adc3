import { after } from "../after";
import { nowhere, widen } from "../bounds";
import type { Connection } from "../connection";
import { h } from "../dom";
import { focusLabel } from "../focus";
import { select, selectMode, selectWhere } from "../selecting";
import { polygonTest } from "./geometry";
import { followGestures, type Tool } from "./gestures";
import { lassoLine } from "./lasso";
import { placeKeeper } from "./place";
import { pointing } from "./pointing";
import { mapScene } from "./scene";

export type { Tool } from "./gestures";
export type MapView = ReturnType<typeof mapView>;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const STEP = 60;
const TWICE_MS = 600;
const HINT_MS = 1200;

/** The map itself: points, labels, and what the pointer and the keyboard do to them. */
export function mapView(connection: Connection, root: HTMLElement, signal: AbortSignal) {
  const { store, ui } = connection;
  const { points } = store;
  const element = h("div.dc-map-stage", {
    tabindex: 0,
    role: "application",
    "data-tool": "pan",
    label:
      "Map of pictures. Drag to move, wheel to zoom, Shift and drag to select; Shift and arrow keys point at pictures.",
  });
  const lasso = lassoLine();
  const hint = h("div.dc-map-hint", { hidden: true }, "Click the map, or hold Ctrl, to zoom");
  const scene = mapScene(connection, root, element, signal);
  element.append(lasso.element);
  const pointer = pointing(connection, scene, element, signal);
  element.append(hint);
  const place = placeKeeper(connection, scene, element, signal);
  const hinted = after(HINT_MS, signal);
  let tool: Tool = "pan";
  let onTool: (tool: Tool) => void = () => undefined;
  /** What a click on nothing unselected, should it be the first of two. */
  let dropped: { ids: readonly number[]; at: number } | null = null;

  function setTool(next: Tool): void {
    tool = element.dataset.tool = next;
    onTool(next);
  }

  function moved(everything = false): void {
    place.moved(everything);
    pointer.follow();
  }

  function pan(dx: number, dy: number): void {
    scene.pan(dx, dy);
    moved();
  }

  /** Zooms around a place, the middle when none is given. */
  function zoom(factor: number, px?: number, py?: number): void {
    scene.zoom(factor, px, py);
    moved();
    if (px !== undefined && py !== undefined) hover(px, py);
  }

  /** Shows everything. */
  function fitAll(): void {
    scene.fit();
    moved(true);
  }

  /** Shows the selected pictures, or everything when there are none. */
  function fitSelection(): void {
    const box = nowhere();
    for (const id of ui.selection) {
      const row = points.row(id);
      if (row >= 0 && points.drawn(row)) widen(box, points.x[row], points.y[row]);
    }
    if (box.x0 > box.x1) fitAll();
    else place.show(box);
    pointer.follow();
  }

  function hover(px: number, py: number): void {
    element.classList.toggle("dc-pointing", pointer.hover(px, py));
  }

  /** Ends what is going on: lasso, highlight, selection. */
  function endAll(): void {
    lasso.cancel();
    pointer.leave();
    ui.setFocus(null);
    ui.select([]);
    setTool("pan");
  }

  /** The pictures within an outline on the stage. */
  function inside(polygon: readonly number[]): number[] {
    const box = nowhere();
    const outline: number[] = [];
    for (let i = 0; i < polygon.length; i += 2) {
      const [x, y] = scene.camera.toData(polygon[i], polygon[i + 1]);
      outline.push(x, y);
      widen(box, x, y);
    }
    const within = polygonTest(outline);
    const rows = [...scene.picker.within(box)];
    return rows
      .filter((row) => within(points.x[row], points.y[row]) && pointer.selectable(row))
      .map((row) => points.id[row]);
  }

  const keys: Record<string, () => void> = {
    "+": () => zoom(1.3),
    "=": () => zoom(1.3),
    "-": () => zoom(1 / 1.3),
    "0": fitAll,
    " ": () => pointer.picture() >= 0 && ui.emit("sheet", pointer.picture()),
    a: () => {
      const { clientWidth: width, clientHeight: height } = element;
      select(connection, inside([0, 0, width, 0, width, height, 0, height]));
    },
    f: fitSelection,
    l: () => setTool("lasso"),
    r: () => setTool("rectangle"),
    v: () => setTool("pan"),
    Escape: endAll,
  };

  followGestures(
    element,
    lasso,
    {
      tool: () => tool,
      pan,
      zoom,
      hover,
      unhover: pointer.leave,

      click(px, py, event) {
        const row = pointer.rowAt(px, py);
        const node = row < 0 ? scene.overlay.hit(px, py) : null;
        const mode = selectMode(event);
        if (row >= 0) select(connection, [points.id[row]], mode);
        else if (node && mode === "replace") void focusLabel(connection, node.text, node.members, "map");
        else if (node) void selectWhere(connection, { labels: node.members }, mode);
        else if (mode === "replace" && ui.selection.length) {
          dropped = { ids: ui.selection, at: event.timeStamp };
          ui.select([]);
        }
      },

      // The click before it meant no harm to the selection.
      doubleClick(px, py, event) {
        if (dropped && event.timeStamp - dropped.at < TWICE_MS) ui.select(dropped.ids);
        zoom(event.shiftKey ? 1 / 1.8 : 1.8, px, py);
      },

      lassoed(polygon, { altKey, ctrlKey, metaKey }) {
        // Shift has made this a lasso; only the other keys say what it does.
        select(connection, inside(polygon), selectMode({ altKey, ctrlKey, metaKey, shiftKey: false }));
      },

      key(event) {
        const { key, shiftKey } = event;
        const arrow = ARROWS[key];
        if (key === "Enter" && pointer.picture() >= 0)
          select(connection, [pointer.picture()], selectMode(event));
        else if (event.ctrlKey || event.metaKey || event.altKey) return false;
        else if (arrow && shiftKey) pointer.cross(...arrow);
        else if (arrow) pan(-STEP * arrow[0], -STEP * arrow[1]);
        else if (!keys[key]) return false;
        else keys[key]();
        return true;
      },

      /** Says why the wheel did not zoom. */
      explainWheel() {
        hint.hidden = false;
        hinted(() => {
          hint.hidden = true;
        });
      },
    },
    signal,
  );

  return {
    element,
    scene,
    zoom,
    fit: fitAll,
    setTool,
    /** Tells of the tool now, and of each other one from then on. */
    onTool(listener: (tool: Tool) => void): void {
      onTool = listener;
      listener(tool);
    },
  };
}
