import type { Connection } from "../connection";
import { h } from "../dom";
import { palette } from "../palette";
import type { PointsChange } from "../store";
import { Camera } from "./camera";
import { CanvasRenderer } from "./canvasrenderer";
import { GlRenderer } from "./glrenderer";
import { locate } from "./locate";
import { computeLooks } from "./looks";
import { Overlay } from "./overlay";
import type { Frame, PointRenderer } from "./pointrenderer";
import { tokenReader } from "./tokens";
import { Travel } from "./travel";

const POP_MS = 460;

/** What is drawn on the map: points and labels, kept in step with the session, frame by frame. */
export class Scene {
  readonly camera = new Camera();
  readonly overlay = new Overlay(h("canvas", { class: "dc-map-labels", attrs: { "aria-hidden": "true" } }));
  readonly #connection: Connection;
  readonly #root: HTMLElement;
  readonly #travel = new Travel();
  readonly #stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  #renderer: PointRenderer;
  #looks: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #stage: HTMLElement | null = null;
  #width = 0;
  #height = 0;
  #frame = 0;
  #fitted = false;
  #relabel = true;
  #touched = false;
  #popUntil = 0;
  /** The colour of each class. */
  colours: string[] = [];

  constructor(connection: Connection, root: HTMLElement) {
    this.#connection = connection;
    this.#root = root;
    this.#renderer = this.#makeRenderer();
  }

  get width(): number {
    return this.#width;
  }

  /** The canvases, lowest first. */
  get layers(): HTMLElement[] {
    return [this.#renderer.canvas, this.overlay.canvas];
  }

  /** Begins to draw on the stage that the layers lie in, until the signal. */
  follow(stage: HTMLElement, signal: AbortSignal): void {
    this.#stage = stage;
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
      this.request();
    };
    store.on("labels", relabel, signal);
    store.on("label_tree", relabel, signal);
    for (const event of ["selection", "kept", "classes", "focus"] as const)
      ui.on(event, () => this.#restyle(), signal);
    const size = new ResizeObserver(() => this.#resize());
    size.observe(stage);
    // Back in view: a browser may have dropped what a hidden canvas showed.
    const view = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && this.retheme(),
    );
    view.observe(stage);
    const find = (event: Event) => locate(event, store.points, this.camera, this.overlay, stage);
    this.#root.addEventListener("datacrafter-locate", find, { signal });
    signal.addEventListener(
      "abort",
      () => {
        size.disconnect();
        view.disconnect();
        cancelAnimationFrame(this.#frame);
        this.#renderer.dispose();
      },
      { once: true },
    );
    if (store.points.count) this.#takePoints({ kind: "replaced", former: store.points });
  }

  /** Shows everything. */
  fit(): void {
    const { points } = this.#connection.store;
    let { x0, y0, x1, y1 } = this.overlay.extent;
    for (let row = 0; row < points.count; row++) {
      if (!points.drawn(row)) continue;
      x0 = Math.min(x0, points.x[row]);
      x1 = Math.max(x1, points.x[row]);
      y0 = Math.min(y0, points.y[row]);
      y1 = Math.max(y1, points.y[row]);
    }
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
    const base = Math.min(4.6, Math.max(1.8, 4.6 - Math.log10(Math.max(count, 1000) / 1000) * 1.3));
    const zoom = this.camera.k / this.camera.home;
    return base * Math.min(2.4, Math.max(0.8, zoom ** 0.4));
  }

  /** Reads the colours again after the theme changed. */
  retheme(): void {
    if (!this.#root.isConnected) return; // there are no colours yet; seen first, it reads them
    const dark = this.#root.dataset.theme === "dark";
    this.colours = palette(Math.max(1, this.#connection.store.get("info").classes.length), dark);
    const colour = tokenReader(this.#root);
    this.#renderer.setPalette(this.colours, colour("--dc-bg"), colour("--dc-ink"));
    this.overlay.setColours({
      text: colour("--dc-ink"),
      halo: colour("--dc-bg"),
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

  #makeRenderer(): PointRenderer {
    const make = () => h("canvas", { class: "dc-map-points", attrs: { "aria-hidden": "true" } });
    try {
      return new GlRenderer(make(), () => this.request());
    } catch {
      return new CanvasRenderer(make());
    }
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
    this.#computeLooks();
    this.#renderer.restyle(this.#connection.store.points, this.#looks);
    this.overlay.lit = new Set(this.#connection.ui.focus?.labels);
    this.request();
  }

  #computeLooks(): void {
    const { store, ui } = this.#connection;
    if (this.#looks.length < store.points.count) this.#looks = new Uint8Array(store.points.id.length);
    computeLooks(store.points, store.get("info").classes, ui, this.#looks);
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#stage!;
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
    this.overlay.setLabels(store.get("label_tree"), store.get("labels"));
    if (!this.#touched) this.#fitSoon();
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
    this.#renderer.draw(frame);
    const fading = this.overlay.draw(frame, this.#stillness.matches);
    this.#root.dataset.labels = String(this.overlay.shown);
    if (mix < 1 || fading || now < this.#popUntil) this.request();
    const { points } = this.#connection.store;
    if (this.#fitted && points.count) this.#root.dataset.ready = "true";
  }
}
