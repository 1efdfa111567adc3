import type { Connection } from "../connection";
import { h } from "../dom";
import { focusLabel } from "../focus";
import { select, selectMode, selectWhere } from "../selecting";
import { polygonTest } from "./geometry";
import { followGestures, type Tool } from "./gestures";
import { Lasso } from "./lasso";
import { Place } from "./place";
import { Pointing } from "./pointing";
import { Scene } from "./scene";

export type { Tool } from "./gestures";

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const STEP = 60;
const TWICE_MS = 600;

/** The map itself: points, labels, and what the pointer and the keyboard do to them. */
export class MapView {
  readonly element: HTMLElement;
  readonly scene: Scene;
  readonly #connection: Connection;
  readonly #lasso = new Lasso();
  readonly #pointing: Pointing;
  readonly #place: Place;
  readonly #hint = h("div", { class: "dc-map-hint", hidden: true }, "Click the map, or hold Ctrl, to zoom");
  #tool: Tool = "pan";
  #onTool: (tool: Tool) => void = () => undefined;
  #hintTimer = 0;
  /** What a click on nothing unselected, should it be the first of two. */
  #dropped: { ids: readonly number[]; at: number } | null = null;

  constructor(connection: Connection, root: HTMLElement, signal: AbortSignal) {
    this.#connection = connection;
    this.scene = new Scene(connection, root);
    this.#pointing = new Pointing(connection, this.scene, signal);
    this.element = h(
      "div",
      {
        class: "dc-map-stage",
        tabindex: 0,
        role: "application",
        label:
          "Map of pictures. Drag to move, wheel to zoom, Shift and drag to select; Shift and arrow keys point at pictures.",
        "data-tool": this.#tool,
      },
      ...this.scene.layers,
      this.#lasso.element,
      ...this.#pointing.elements,
      this.#hint,
    );
    this.scene.follow(this.element, signal);
    this.#place = new Place(connection, this.scene, this.element, signal);
    followGestures(this.element, this.#lasso, this, signal);
    signal.addEventListener("abort", () => window.clearTimeout(this.#hintTimer), { once: true });
  }

  get tool(): Tool {
    return this.#tool;
  }

  onTool(listener: (tool: Tool) => void): void {
    this.#onTool = listener;
  }

  setTool(tool: Tool): void {
    this.#tool = tool;
    this.element.dataset.tool = tool;
    this.#onTool(tool);
  }

  /** Says why the wheel did not zoom. */
  explainWheel(): void {
    this.#hint.hidden = false;
    window.clearTimeout(this.#hintTimer);
    this.#hintTimer = window.setTimeout(() => {
      this.#hint.hidden = true;
    }, 1200);
  }

  pan(dx: number, dy: number): void {
    this.scene.pan(dx, dy);
    this.#moved();
  }

  /** Zooms around a place, the middle when none is given. */
  zoom(factor: number, px?: number, py?: number): void {
    this.scene.zoom(factor, px, py);
    this.#moved();
    if (px !== undefined && py !== undefined) this.hover(px, py);
  }

  /** Shows everything. */
  fit(): void {
    this.scene.fit();
    this.#moved(true);
  }

  /** Shows the selected pictures, or everything when there are none. */
  fitSelection(): void {
    const { store, ui } = this.#connection;
    const { points } = store;
    const [x, y] = [points.x, points.y];
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const id of ui.selection) {
      const row = points.row(id);
      if (row < 0 || !points.drawn(row)) continue;
      [x0, x1] = [Math.min(x0, x[row]), Math.max(x1, x[row])];
      [y0, y1] = [Math.min(y0, y[row]), Math.max(y1, y[row])];
    }
    if (x0 > x1) this.fit();
    else this.#place.show({ x0, y0, x1, y1 });
    this.#pointing.follow();
  }

  /** Selects what is in view. */
  selectView(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    select(this.#connection, this.#inside([0, 0, width, 0, width, height, 0, height]));
  }

  hover(px: number, py: number): void {
    this.element.classList.toggle("dc-pointing", this.#pointing.hover(px, py));
  }

  unhover(): void {
    this.#pointing.leave();
  }

  click(px: number, py: number, event: MouseEvent): void {
    const { store, ui } = this.#connection;
    const row = this.#pointing.row(px, py);
    const node = row < 0 ? this.#pointing.label(px, py) : null;
    const mode = selectMode(event);
    if (row >= 0) select(this.#connection, [store.points.id[row]], mode);
    else if (node && mode === "replace") void focusLabel(this.#connection, node.text, node.members, "map");
    else if (node) void selectWhere(this.#connection, { labels: node.members }, mode);
    else if (mode === "replace" && ui.selection.length) {
      this.#dropped = { ids: ui.selection, at: event.timeStamp };
      select(this.#connection, []);
    }
  }

  /** Zooms; the click before it meant no harm to the selection. */
  doubleClick(px: number, py: number, event: MouseEvent): void {
    if (this.#dropped && event.timeStamp - this.#dropped.at < TWICE_MS) {
      this.#connection.ui.select(this.#dropped.ids);
    }
    this.zoom(event.shiftKey ? 1 / 1.8 : 1.8, px, py);
  }

  lassoed(polygon: readonly number[], event: MouseEvent): void {
    // Shift has made this a lasso; only the other keys say what it does.
    const { altKey, ctrlKey, metaKey } = event;
    select(
      this.#connection,
      this.#inside(polygon),
      selectMode({ altKey, ctrlKey, metaKey, shiftKey: false }),
    );
  }

  key(event: KeyboardEvent): boolean {
    const { key, shiftKey } = event;
    const arrow = ARROWS[key];
    const picture = this.#pointing.picture;
    if (key === "Enter" && picture >= 0) {
      select(this.#connection, [picture], selectMode(event));
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (arrow && shiftKey) {
      this.#pointing.cross(...arrow, this.element.clientWidth, this.element.clientHeight);
      return true;
    }
    const actions: Record<string, () => void> = {
      "+": () => this.zoom(1.3),
      "=": () => this.zoom(1.3),
      "-": () => this.zoom(1 / 1.3),
      "0": () => this.fit(),
      " ": () => picture >= 0 && this.#connection.ui.emit("sheet", picture),
      a: () => this.selectView(),
      f: () => this.fitSelection(),
      l: () => this.setTool("lasso"),
      r: () => this.setTool("rectangle"),
      v: () => this.setTool("pan"),
      Escape: () => this.#escape(),
    };
    if (arrow) this.pan(-STEP * arrow[0], -STEP * arrow[1]);
    else if (!actions[key]) return false;
    else actions[key]();
    return true;
  }

  /** Ends what is going on: lasso, highlight, selection. */
  #escape(): void {
    this.#lasso.cancel();
    this.#pointing.leave();
    this.#connection.ui.setFocus(null);
    this.#connection.ui.select([]);
    this.setTool("pan");
  }

  #moved(everything = false): void {
    this.#place.moved(everything);
    this.#pointing.follow();
  }

  #inside(polygon: readonly number[]): number[] {
    const { points } = this.#connection.store;
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    const outline: number[] = [];
    for (let i = 0; i < polygon.length; i += 2) {
      const [x, y] = this.scene.camera.toData(polygon[i], polygon[i + 1]);
      outline.push(x, y);
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, y);
      y1 = Math.max(y1, y);
    }
    const inside = polygonTest(outline);
    const ids: number[] = [];
    for (const row of this.scene.picker.within({ x0, y0, x1, y1 })) {
      if (inside(points.x[row], points.y[row]) && this.#pointing.selectable(row)) ids.push(points.id[row]);
    }
    return ids;
  }
}
