import type { Connection } from "../connection";
import { h } from "../dom";
import { palette } from "../palette";
import type { Bounds } from "../pointtable";
import type { PointsChange } from "../store";
import { Camera } from "./camera";
import { Density } from "./density";
import { locate } from "./locate";
import { canPoint, Looks } from "./looks";
import { Overlay } from "./overlay";
import { Picker } from "./picker";
import { PointLayer } from "./pointlayer";
import type { Frame } from "./pointrenderer";
import { MapThumbs } from "./thumbs";
import { tokenReader } from "./tokens";
import { Travel } from "./travel";
import { followVisibility } from "./visibility";

const POP_MS = 460;
/** Above so many points, new ones are just there: the others need not be drawn again. */
const POPPING = 3000;
/** Above so many points in view they are drawn as a density; a bit below, as points again. */
const DENSE = 30_000;
const SPARSE = 24_000;
/** Points in view among which there is room for pictures, once the map is near enough. */
const FEW = 300;
/** Fewer in view are counted one by one. */
const COUNTED = 5000;
const NEAR = 2;
const NOTHING = new Uint32Array(0);

/** What is drawn on the map: points and labels, kept in step with the session, frame by frame. */
export class Scene {
  readonly camera = new Camera();
  readonly overlay = new Overlay(h("canvas", { class: "dc-map-labels", attrs: { "aria-hidden": "true" } }));
  readonly picker: Picker;
  readonly #connection: Connection;
  readonly #root: HTMLElement;
  readonly #layer = new PointLayer(() => this.request());
  readonly #density = new Density(h("canvas", { class: "dc-map-density", attrs: { hidden: true } }));
  readonly #thumbs: MapThumbs;
  readonly #travel = new Travel();
  readonly #stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  readonly #looks: Looks;
  /** Rows that have just come, and when. */
  #young: { start: number; birth: number }[] = [];
  #stage: HTMLElement | null = null;
  #width = 0;
  #height = 0;
  #frame = 0;
  #fitted = false;
  #relabel = true;
  #touched = false;
  #dense = false;
  /** The colour of each class. */
  colours: string[] = [];

  constructor(connection: Connection, root: HTMLElement) {
    const { points } = connection.store;
    this.#connection = connection;
    this.#root = root;
    this.#looks = new Looks(points);
    this.#thumbs = new MapThumbs(points, connection.thumbnails);
    this.picker = new Picker(points);
  }

  get width(): number {
    return this.#width;
  }

  /** What lies on the stage, lowest first. */
  get layers(): HTMLElement[] {
    const density = h(
      "div",
      { class: "dc-map-layer", attrs: { "aria-hidden": "true" } },
      this.#density.canvas,
    );
    return [density, this.#layer.element, this.#thumbs.element, this.overlay.canvas];
  }

  /** Whether there are so many points in view that they are drawn as a density. */
  get dense(): boolean {
    return this.#dense;
  }

  /** Begins to draw on the stage that the layers lie in, until the signal. */
  follow(stage: HTMLElement, signal: AbortSignal): void {
    this.#stage = stage;
    const { store, ui } = this.#connection;
    store.on("points", (change) => this.#takePoints(change), signal);
    store.on("info", () => this.retheme(), signal);
    const relabel = () => {
      this.#relabel = true; // with the next frame: the two tables come one after the other
      this.request();
    };
    store.on("labels", relabel, signal);
    store.on("label_tree", relabel, signal);
    for (const event of ["selection", "kept", "focus"] as const) ui.on(event, () => this.#restyle(), signal);
    ui.on("classes", () => this.retheme(), signal);
    ui.on("density", () => this.request(), signal);
    const size = new ResizeObserver(() => this.#resize());
    size.observe(stage);
    followVisibility(stage, signal, {
      shown: () => {
        this.#layer.wake();
        this.retheme(); // a browser may have dropped what a hidden canvas showed
      },
      hidden: () => this.#layer.sleep(),
      sharper: () => this.request(),
    });
    const find = (event: Event) => locate(event, store.points, this.camera, this.overlay, stage);
    this.#root.addEventListener("datacrafter-locate", find, { signal });
    signal.addEventListener(
      "abort",
      () => {
        size.disconnect();
        cancelAnimationFrame(this.#frame);
        this.#layer.sleep();
        this.#thumbs.clear();
      },
      { once: true },
    );
    if (store.points.count) this.#takePoints({ kind: "appended", start: 0 });
  }

  /** Shows everything. */
  fit(): void {
    const boxes = [this.#connection.store.points.extent, this.overlay.extent];
    const edge = (pick: (...all: number[]) => number, side: keyof Bounds) =>
      pick(...boxes.map((box) => box[side]));
    let [x0, y0] = [edge(Math.min, "x0"), edge(Math.min, "y0")];
    let [x1, y1] = [edge(Math.max, "x1"), edge(Math.max, "y1")];
    if (x0 > x1) [x0, y0, x1, y1] = [-1, -1, 1, 1];
    this.camera.fit({ x0, y0, x1, y1 }, this.#width, this.#height, Math.min(44, this.#width * 0.07));
    this.#touched = false;
    this.request();
  }

  pan(dx: number, dy: number): void {
    this.camera.pan(dx, dy);
    this.#touched = true;
    this.request();
  }

  /** Zooms around a place of the view, its middle when none is given. */
  zoom(factor: number, px = this.#width / 2, py = this.#height / 2): void {
    this.camera.zoom(factor, px, py);
    this.#touched = true;
    this.request();
  }

  /** Of a disc, in pixels. */
  get radius(): number {
    const { count } = this.#connection.store.points;
    const many = Math.floor(Math.log2(Math.max(count, 1000) / 1000)); // in steps: a few more change nothing
    const base = Math.max(1, 4.6 - many * 0.4);
    const zoom = this.camera.k / this.camera.home;
    return base * Math.min(4.6 / base + 0.6, Math.max(0.8, zoom ** 0.4));
  }

  /** The row of the small picture that is drawn at a place, or -1. */
  pictureAt(px: number, py: number): number {
    return this.#thumbs.at(px, py, this.camera);
  }

  /** Reads the colours again after the theme or the classes changed. */
  retheme(): void {
    if (!this.#root.isConnected) return; // there are no colours yet; seen first, it reads them
    const { store, ui } = this.#connection;
    const { classes } = store.get("info");
    const { theme, contrast } = this.#root.dataset;
    this.colours = palette(Math.max(1, classes.length), theme === "dark");
    const colour = tokenReader(this.#root);
    const style = {
      colours: this.colours,
      inFull: this.colours.map((_, i) => !ui.classes.size || ui.classes.has(classes[i]?.id)),
      background: colour("--dc-bg"),
      ink: colour("--dc-ink"),
      muted: contrast === "more" ? 0.45 : 0.16,
    };
    this.#layer.setStyle(style);
    this.#density.setStyle(style);
    this.#thumbs.clear();
    this.overlay.setColours({
      text: style.ink,
      halo: style.background,
      original: colour("--dc-pie-original"),
      generated: colour("--dc-pie-generated"),
      accent: colour("--dc-accent"),
      font: getComputedStyle(this.#root).fontFamily || "sans-serif",
    });
    this.request();
  }

  /** Draws with the next frame of the browser. */
  request(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #takePoints(change: PointsChange): void {
    const { store, ui } = this.#connection;
    const { points } = store;
    const looks = this.#looks;
    const now = this.#stillness.matches ? 0 : performance.now();
    if (change.kind === "appended") {
      const { start } = change;
      looks.take(start, ui);
      this.#layer.take(points, looks.bytes, start, this.#travel.extend(points, start));
      if (now && start && points.count < POPPING) this.#young.push({ start, birth: now });
    } else {
      this.picker.invalidate();
      this.#density.invalidate();
      if (change.kind === "updated") {
        looks.refresh(change.rows);
        const first = change.rows.reduce((least, row) => Math.min(least, row), points.count);
        this.#layer.take(points, looks.bytes, first, this.#travel.extend(points, first));
        this.#layer.invalidate();
      } else {
        looks.take(0, ui);
        this.#young = [];
        const from = now ? this.#travel.begin(points, change.former, now) : null;
        this.#layer.take(points, looks.bytes, 0, from);
      }
    }
    if (!this.#touched || !this.#fitted) this.#fitSoon();
    this.request();
  }

  #fitSoon(): void {
    if (!this.#width || !this.#connection.store.points.count) return;
    this.#fitted = true;
    this.fit();
  }

  #restyle(): void {
    const { ui } = this.#connection;
    const changed = this.#looks.mark(ui);
    this.#layer.restyle(this.#looks.bytes, changed);
    this.overlay.lit = new Set(ui.focus?.labels);
    this.request();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#stage!;
    if (!clientWidth || !clientHeight) return;
    const first = !this.#width;
    this.#width = clientWidth;
    this.#height = clientHeight;
    if (first) this.retheme();
    if (first || !this.#touched) this.#fitSoon();
    this.#layer.invalidate();
    this.#draw(); // at once: a resized canvas is blank
  }

  #takeLabels(): void {
    const { store } = this.#connection;
    this.#relabel = false;
    this.overlay.setLabels(store.get("label_tree"), store.get("labels"));
    if (!this.#touched) this.#fitSoon();
  }

  /** What the view shows of the map, and `margin` pixels around it. */
  #seen(margin = 0): Bounds {
    const [x0, y1] = this.camera.toData(-margin, -margin);
    const [x1, y0] = this.camera.toData(this.#width + margin, this.#height + margin);
    return { x0, y0, x1, y1 };
  }

  #inView(view: Bounds): number {
    const { points } = this.#connection.store;
    const { x0, y0, x1, y1 } = points.extent;
    const all = x0 >= view.x0 && y0 >= view.y0 && x1 <= view.x1 && y1 <= view.y1;
    if (all) return points.shown;
    const bound = this.picker.count(view);
    return bound < COUNTED ? this.picker.within(view).length : bound;
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#width) return;
    if (this.#relabel) this.#takeLabels();
    const now = performance.now();
    const mix = this.#travel.progress(now);
    const frame: Frame = {
      camera: this.camera,
      width: this.#width,
      height: this.#height,
      pixelRatio: window.devicePixelRatio || 1,
      radius: this.radius,
      mix,
      now,
    };
    this.#drawPoints(frame);
    const fading = this.overlay.draw(frame, this.#stillness.matches);
    this.#root.dataset.labels = String(this.overlay.shown);
    if (mix < 1 || fading || this.#young.length) this.request();
    if (this.#fitted && this.#layer.awake && this.#connection.store.points.count)
      this.#root.dataset.ready = "true";
  }

  #drawPoints(frame: Frame): void {
    const { store, ui } = this.#connection;
    const { points } = store;
    const looks = this.#looks;
    const view = this.#seen();
    const inView = this.#inView(view);
    const many = inView > (this.#dense ? SPARSE : DENSE);
    const dense = frame.mix === 1 && points.shown > 0 && (ui.density === "auto" ? many : ui.density === "on");
    if (dense !== this.#dense) this.#layer.invalidate();
    this.#dense = dense;
    const { canvas } = this.#density;
    canvas.hidden = !dense;
    canvas.style.opacity = looks.mask ? "0.35" : "1";
    if (dense) this.#density.draw(points, this.picker, frame.camera, view);
    this.#young = this.#young.filter(({ birth }) => frame.now - birth < POP_MS);
    const part = points.count > DENSE && inView < points.count / 2;
    this.#layer.draw({
      ...frame,
      inView: dense ? looks.onTop.length : inView,
      mask: looks.mask,
      onTop: looks.onTop,
      growing: this.#young.map(({ start, birth }) => ({ start, size: pop((frame.now - birth) / POP_MS) })),
      rowsWithin: (margin) => {
        if (dense) return NOTHING;
        return part ? this.picker.within(this.#seen(margin)).sort() : null;
      },
    });
    const near = !dense && inView <= FEW && frame.camera.k >= frame.camera.home * NEAR;
    const { classes } = store.get("info");
    const rows = () => {
      const wanted = [...this.picker.within(view)].filter((row) => canPoint(points, classes, ui, row));
      return wanted.length > FEW ? null : wanted;
    };
    this.#thumbs.draw({ ...frame, rows, colours: this.colours }, near);
    Object.assign(this.#root.dataset, { density: dense ? "on" : "off" });
  }
}

/** The size of a point that appears, of which a share of the time has passed: it overshoots a little. */
function pop(age: number): number {
  const left = age - 1;
  return 0.3 + 0.7 * (1 + 1.9 * left ** 3 + 0.9 * left ** 2);
}
