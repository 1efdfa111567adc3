import type { Connection } from "../connection";
import { h } from "../dom";
import { focusLabel } from "../focus";
import { palette } from "../palette";
import type { PointsChange } from "../store";
import { Camera } from "./camera";
import { CanvasRenderer } from "./canvasrenderer";
import { pointInPolygon } from "./geometry";
import { followGestures } from "./gestures";
import { GlRenderer } from "./glrenderer";
import { Lasso } from "./lasso";
import { locate } from "./locate";
import { canPoint, computeLooks } from "./looks";
import { Overlay } from "./overlay";
import { Picker } from "./picker";
import type { Frame, PointRenderer } from "./pointrenderer";
import { tokenReader } from "./tokens";
import { Tooltip } from "./tooltip";
import { Travel } from "./travel";

export type Tool = "pan" | "lasso" | "rectangle";

const POP_MS = 460;

/** The map itself: points, labels, and what the pointer and the keyboard do to them. */
export class MapView {
  readonly element: HTMLElement;
  readonly #connection: Connection;
  readonly #root: HTMLElement;
  readonly #camera = new Camera();
  readonly #overlay = new Overlay(h("canvas", { class: "dc-map-labels", attrs: { "aria-hidden": "true" } }));
  readonly #lasso = new Lasso();
  readonly #picker: Picker;
  readonly #travel = new Travel();
  readonly #tooltip: Tooltip;
  readonly #hint = h(
    "div",
    { class: "dc-map-hint", attrs: { hidden: true } },
    "Click the map, or hold Ctrl, to zoom",
  );
  readonly #stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  #renderer: PointRenderer;
  #looks: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #tool: Tool = "pan";
  #onTool: (tool: Tool) => void = () => undefined;
  #width = 0;
  #height = 0;
  #frame = 0;
  #hintTimer = 0;
  #fitted = false;
  #relabel = true;
  #touched = false;
  #popUntil = 0;
  #hovered = -1;
  #colours: string[] = [];

  constructor(connection: Connection, root: HTMLElement, signal: AbortSignal) {
    this.#connection = connection;
    this.#root = root;
    this.#picker = new Picker(connection.store.points);
    this.#tooltip = new Tooltip(connection.thumbnails);
    this.#renderer = this.#makeRenderer();
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
      this.#renderer.canvas,
      this.#overlay.canvas,
      this.#lasso.element,
      this.#tooltip.element,
      this.#hint,
    );
    this.#follow(signal);
    followGestures(this.element, this.#lasso, this, signal);
    signal.addEventListener("abort", () => this.#dispose(), { once: true });
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

  /** Shows everything. */
  fit(): void {
    const { points } = this.#connection.store;
    let { x0, y0, x1, y1 } = this.#overlay.extent;
    for (let row = 0; row < points.count; row++) {
      if (!points.drawn(row)) continue;
      x0 = Math.min(x0, points.x[row]);
      x1 = Math.max(x1, points.x[row]);
      y0 = Math.min(y0, points.y[row]);
      y1 = Math.max(y1, points.y[row]);
    }
    if (x0 > x1) [x0, y0, x1, y1] = [-1, -1, 1, 1];
    this.#camera.fit({ x0, y0, x1, y1 }, this.#width, this.#height, Math.min(44, this.#width * 0.07));
    this.#touched = false;
    this.#request();
  }

  pan(dx: number, dy: number): void {
    this.#camera.pan(dx, dy);
    this.#touched = true;
    this.#request();
  }

  /** Zooms around a place of the view, its middle when none is given. */
  zoom(factor: number, px = this.#width / 2, py = this.#height / 2): void {
    this.#camera.zoom(factor, px, py);
    this.#touched = true;
    this.#request();
  }

  /** Reads the colours again after the theme changed. */
  retheme(): void {
    if (!this.#root.isConnected) return; // there are no colours yet; seen first, it reads them
    const dark = this.#root.dataset.theme === "dark";
    this.#colours = palette(Math.max(1, this.#connection.store.get("info").classes.length), dark);
    const colour = tokenReader(this.#root);
    this.#renderer.setPalette(this.#colours, colour("--dc-bg"), colour("--dc-ink"));
    this.#overlay.setColours({
      text: colour("--dc-ink"),
      halo: colour("--dc-bg"),
      original: colour("--dc-pie-original"),
      generated: colour("--dc-pie-generated"),
      accent: colour("--dc-accent"),
      font: getComputedStyle(this.#root).fontFamily || "sans-serif",
    });
    this.#request();
  }

  #makeRenderer(): PointRenderer {
    const make = () => h("canvas", { class: "dc-map-points", attrs: { "aria-hidden": "true" } });
    try {
      return new GlRenderer(make(), () => this.#request());
    } catch {
      return new CanvasRenderer(make());
    }
  }

  #follow(signal: AbortSignal): void {
    const { store, ui } = this.#connection;
    store.on("points", (change) => this.#takePoints(change), signal);
    store.on(
      "info",
      () => {
        this.retheme();
        this.#restyle();
      },
      signal,
    );
    const relabel = () => {
      this.#relabel = true; // with the next frame: the two tables come one after the other
      this.#request();
    };
    store.on("labels", relabel, signal);
    store.on("label_tree", relabel, signal);
    ui.on("selection", () => this.#restyle(), signal);
    ui.on("kept", () => this.#restyle(), signal);
    ui.on("classes", () => this.#restyle(), signal);
    ui.on("focus", () => this.#restyle(), signal);
    const size = new ResizeObserver(() => this.#resize());
    size.observe(this.element);
    // Back in view: a browser may have dropped what a hidden canvas showed.
    const view = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && this.retheme(),
    );
    view.observe(this.element);
    signal.addEventListener(
      "abort",
      () => {
        size.disconnect();
        view.disconnect();
      },
      { once: true },
    );
    const find = (event: Event) => locate(event, store.points, this.#camera, this.#overlay, this.element);
    this.#root.addEventListener("datacrafter-locate", find, { signal });
    if (store.points.count) this.#takePoints({ kind: "replaced" });
  }

  #takePoints(change: PointsChange): void {
    const { points } = this.#connection.store;
    this.#computeLooks();
    const now = this.#stillness.matches ? 0 : performance.now();
    if (change.kind === "appended") {
      this.#renderer.append(points, this.#looks, change.start, now);
      if (now) this.#popUntil = now + POP_MS;
      this.#travel.note(points);
    } else {
      const from = now && change.kind === "replaced" ? this.#travel.begin(points, now) : null;
      if (!from) this.#travel.end(points);
      this.#renderer.replace(points, this.#looks, from);
      this.#picker.invalidate();
    }
    if (!this.#touched || !this.#fitted) this.#fitSoon();
    this.#request();
  }

  #fitSoon(): void {
    if (!this.#width || !this.#connection.store.points.count) return;
    this.#fitted = true;
    this.fit();
  }

  #restyle(): void {
    this.#computeLooks();
    this.#renderer.restyle(this.#connection.store.points, this.#looks);
    this.#overlay.lit = new Set(this.#connection.ui.focus?.labels);
    this.#request();
  }

  #computeLooks(): void {
    const { store, ui } = this.#connection;
    if (this.#looks.length < store.points.count) this.#looks = new Uint8Array(store.points.id.length);
    computeLooks(store.points, store.get("info").classes, ui, this.#looks);
  }

  #selectable = (row: number): boolean => {
    const { store, ui } = this.#connection;
    return canPoint(store.points, store.get("info").classes, ui, row);
  };

  #resize(): void {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const first = !this.#width;
    this.#width = clientWidth;
    this.#height = clientHeight;
    if (first) this.retheme();
    if (first || !this.#touched) this.#fitSoon();
    this.#draw(); // at once: a resized canvas is blank
  }

  #takeLabels(): void {
    const { store } = this.#connection;
    this.#relabel = false;
    this.#overlay.setLabels(store.get("label_tree"), store.get("labels"));
    if (!this.#touched) this.#fitSoon();
  }

  #request(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#width) return;
    if (this.#relabel) this.#takeLabels();
    const now = performance.now();
    const mix = this.#travel.progress(now);
    const frame: Frame = {
      camera: this.#camera,
      width: this.#width,
      height: this.#height,
      pixelRatio: window.devicePixelRatio || 1,
      radius: this.#radius(),
      mix,
      now,
    };
    this.#renderer.draw(frame);
    const fading = this.#overlay.draw(frame, this.#stillness.matches);
    this.#root.dataset.labels = String(this.#overlay.shown);
    if (mix < 1 || fading || now < this.#popUntil) this.#request();
    const { points } = this.#connection.store;
    if (this.#fitted && points.count) this.#root.dataset.ready = "true";
  }

  #radius(): number {
    const { count } = this.#connection.store.points;
    const base = Math.min(4.6, Math.max(1.8, 4.6 - Math.log10(Math.max(count, 1000) / 1000) * 1.3));
    const zoom = this.#camera.k / this.#camera.home;
    return base * Math.min(2.4, Math.max(0.8, zoom ** 0.4));
  }

  hover(px: number, py: number): void {
    const { points } = this.#connection.store;
    const [x, y] = this.#camera.toData(px, py);
    const row = this.#picker.nearest(x, y, (this.#radius() + 4) / this.#camera.k, this.#selectable);
    const node = row < 0 ? this.#overlay.hit(px, py) : null;
    this.element.classList.toggle("dc-pointing", row >= 0 || node !== null);
    this.#setHovered(node?.node ?? -1);
    if (row < 0) {
      this.#tooltip.hide();
      return;
    }
    const classRow = this.#connection.store.get("info").classes[points.classIndex[row]];
    const [sx, sy] = this.#camera.toScreen(points.x[row], points.y[row]);
    const note = points.origin[row] ? `generated · round ${points.iteration[row]}` : "original";
    const colour = this.#colours[points.classIndex[row]] ?? "";
    this.#tooltip.show(points.id[row], classRow?.name ?? "", note, colour, sx, sy, this.#width);
  }

  unhover(): void {
    this.#tooltip.hide();
    this.#setHovered(-1);
  }

  #setHovered(node: number): void {
    if (node === this.#hovered) return;
    this.#hovered = node;
    this.#overlay.hovered = node;
    this.#request();
  }

  click(px: number, py: number, event: MouseEvent): void {
    const [x, y] = this.#camera.toData(px, py);
    const row = this.#picker.nearest(x, y, (this.#radius() + 4) / this.#camera.k, this.#selectable);
    const node = row < 0 ? this.#overlay.hit(px, py) : null;
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
      const [x, y] = this.#camera.toData(polygon[i], polygon[i + 1]);
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

  #dispose(): void {
    cancelAnimationFrame(this.#frame);
    window.clearTimeout(this.#hintTimer);
    this.#renderer.dispose();
  }
}
