import type { Connection } from "../connection";
import { h } from "../dom";
import { focusLabel } from "../focus";
import { pointInPolygon } from "./geometry";
import { followGestures } from "./gestures";
import { Lasso } from "./lasso";
import { canPoint } from "./looks";
import { Picker } from "./picker";
import { Scene } from "./scene";
import { Tooltip } from "./tooltip";

export type Tool = "pan" | "lasso" | "rectangle";

/** The map itself: points, labels, and what the pointer and the keyboard do to them. */
export class MapView {
  readonly element: HTMLElement;
  readonly scene: Scene;
  readonly #connection: Connection;
  readonly #lasso = new Lasso();
  readonly #picker: Picker;
  readonly #tooltip: Tooltip;
  readonly #hint = h(
    "div",
    { class: "dc-map-hint", attrs: { hidden: true } },
    "Click the map, or hold Ctrl, to zoom",
  );
  #tool: Tool = "pan";
  #onTool: (tool: Tool) => void = () => undefined;
  #hintTimer = 0;
  #hovered = -1;

  constructor(connection: Connection, root: HTMLElement, signal: AbortSignal) {
    this.#connection = connection;
    this.#picker = new Picker(connection.store.points);
    this.#tooltip = new Tooltip(connection.thumbnails);
    this.scene = new Scene(connection, root);
    this.element = h(
      "div",
      {
        class: "dc-map-stage",
        attrs: {
          tabindex: 0,
          role: "application",
          "aria-label": "Map of pictures. Drag to move, wheel to zoom, Shift and drag to select.",
          "data-tool": this.#tool,
        },
      },
      ...this.scene.layers,
      this.#lasso.element,
      this.#tooltip.element,
      this.#hint,
    );
    this.scene.follow(this.element, signal);
    connection.store.on("points", ({ kind }) => kind !== "appended" && this.#picker.invalidate(), signal);
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

  /** Ends what is going on: lasso, highlight, selection. */
  escape(): void {
    this.#lasso.cancel();
    this.#connection.ui.setFocus(null);
    this.#connection.ui.select([]);
    this.setTool("pan");
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
  }

  zoom(factor: number, px?: number, py?: number): void {
    this.scene.zoom(factor, px, py);
  }

  /** Shows everything. */
  fit(): void {
    this.scene.fit();
  }

  #selectable = (row: number): boolean => {
    const { store, ui } = this.#connection;
    return canPoint(store.points, store.get("info").classes, ui, row);
  };

  hover(px: number, py: number): void {
    const { points } = this.#connection.store;
    const [x, y] = this.scene.camera.toData(px, py);
    const row = this.#picker.nearest(x, y, (this.scene.radius + 4) / this.scene.camera.k, this.#selectable);
    const node = row < 0 ? this.scene.overlay.hit(px, py) : null;
    this.element.classList.toggle("dc-pointing", row >= 0 || node !== null);
    this.#setHovered(node?.node ?? -1);
    if (row < 0) {
      this.#tooltip.hide();
      return;
    }
    const classRow = this.#connection.store.get("info").classes[points.classIndex[row]];
    const [sx, sy] = this.scene.camera.toScreen(points.x[row], points.y[row]);
    const note = points.origin[row] ? `generated · round ${points.iteration[row]}` : "original";
    const colour = this.scene.colours[points.classIndex[row]] ?? "";
    this.#tooltip.show(points.id[row], classRow?.name ?? "", note, colour, sx, sy, this.scene.width);
  }

  unhover(): void {
    this.#tooltip.hide();
    this.#setHovered(-1);
  }

  #setHovered(node: number): void {
    if (node === this.#hovered) return;
    this.#hovered = node;
    this.scene.overlay.hovered = node;
    this.scene.request();
  }

  click(px: number, py: number, event: MouseEvent): void {
    const [x, y] = this.scene.camera.toData(px, py);
    const row = this.#picker.nearest(x, y, (this.scene.radius + 4) / this.scene.camera.k, this.#selectable);
    const node = row < 0 ? this.scene.overlay.hit(px, py) : null;
    if (node) {
      void focusLabel(this.#connection, node.text, node.members, "map");
    } else this.#choose(row < 0 ? [] : [this.#connection.store.points.id[row]], event);
  }

  lassoed(polygon: readonly number[], event: MouseEvent): void {
    this.#choose(this.#inside(polygon), event);
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
    return this.#picker
      .box(x0, y0, x1, y1)
      .filter((row) => this.#selectable(row) && pointInPolygon(points.x[row], points.y[row], outline))
      .map((row) => points.id[row]);
  }

  /** Ctrl or ⌘ adds to the selection, Alt takes away from it. */
  #choose(ids: number[], event: MouseEvent): void {
    const { ui } = this.#connection;
    const present = new Set(ui.selection);
    if (event.altKey) for (const id of ids) present.delete(id);
    else if (event.ctrlKey || event.metaKey) for (const id of ids) present.add(id);
    const changed = event.altKey || event.ctrlKey || event.metaKey ? [...present] : ids;
    ui.select(changed.sort((a, b) => a - b));
  }
}
