import { type Bounds, nowhere, widen } from "../bounds";
import type { Connection } from "../connection";
import { palette } from "../palette";
import type { PointsChange } from "../store";
import { Camera } from "./camera";
import { densityLayer } from "./density";
import { locate } from "./locate";
import { canPoint, Looks } from "./looks";
import { labelOverlay } from "./overlay";
import { Picker } from "./picker";
import { pointLayer } from "./pointlayer";
import type { Frame } from "./pointrenderer";
import { pictureLayer } from "./thumbs";
import { tokenReader } from "./tokens";
import { Travel } from "./travel";
import { followVisibility } from "./visibility";

export type Scene = ReturnType<typeof mapScene>;

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

/** What is drawn on a stage, until the signal: points and labels, in step with the session, frame by frame. */
export function mapScene(connection: Connection, root: HTMLElement, stage: HTMLElement, signal: AbortSignal) {
  const { store, ui } = connection;
  const { points } = store;
  const camera = new Camera();
  const overlay = labelOverlay();
  const picker = new Picker(points);
  const looks = new Looks(points);
  const layer = pointLayer(request);
  const density = densityLayer(points, picker);
  const thumbs = pictureLayer(points, connection.thumbnails);
  const travel = new Travel();
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** Rows that have just come, and when. */
  let young: { start: number; birth: number }[] = [];
  let colours: string[] = [];
  let width = 0;
  let height = 0;
  let frame = 0;
  let fitted = false;
  let touched = false;
  let dense = false;
  let relabel = true;

  stage.append(density.element, layer.element, thumbs.element, overlay.canvas);
  store.on("points", takePoints, signal);
  store.on("info", retheme, signal);
  for (const event of ["labels", "label_tree"] as const) {
    store.on(
      event,
      () => {
        relabel = true; // with the next frame: the two tables come one after the other
        request();
      },
      signal,
    );
  }
  for (const event of ["selection", "kept", "focus"] as const) ui.on(event, restyle, signal);
  ui.on("classes", retheme, signal);
  ui.on("density", request, signal);
  const size = new ResizeObserver(resize);
  size.observe(stage);
  followVisibility(stage, signal, {
    shown: () => {
      layer.wake();
      retheme(); // a browser may have dropped what a hidden canvas showed
    },
    hidden: layer.sleep,
    sharper: request,
  });
  root.addEventListener("datacrafter-locate", (event) => locate(event, points, camera, overlay, stage), {
    signal,
  });
  signal.addEventListener("abort", () => {
    size.disconnect();
    cancelAnimationFrame(frame);
    layer.sleep();
    thumbs.clear();
  });
  if (points.count) takePoints({ kind: "appended", start: 0 });

  /** Shows everything. */
  function fitAll(): void {
    const box = nowhere();
    for (const { x0, y0, x1, y1 } of [points.extent, overlay.extent]) {
      if (x0 > x1) continue;
      widen(box, x0, y0);
      widen(box, x1, y1);
    }
    const all = box.x0 > box.x1 ? { x0: -1, y0: -1, x1: 1, y1: 1 } : box;
    camera.fit(all, width, height, Math.min(44, width * 0.07));
    touched = false;
    request();
  }

  function pan(dx: number, dy: number): void {
    camera.pan(dx, dy);
    touched = true;
    request();
  }

  /** Zooms around a place of the view, its middle when none is given. */
  function zoom(factor: number, px = width / 2, py = height / 2): void {
    camera.zoom(factor, px, py);
    pan(0, 0);
  }

  /** Of a disc, in pixels. */
  function radius(): number {
    const many = Math.floor(Math.log2(Math.max(points.count, 1000) / 1000)); // in steps: a few more change nothing
    const base = Math.max(1, 4.6 - many * 0.4);
    return base * Math.min(4.6 / base + 0.6, Math.max(0.8, (camera.k / camera.home) ** 0.4));
  }

  /** Reads the colours again after the theme or the classes changed. */
  function retheme(): void {
    if (!root.isConnected) return; // there are no colours yet; seen first, it reads them
    const { classes } = store.get("info");
    const { theme, contrast } = root.dataset;
    colours = palette(Math.max(1, classes.length), theme === "dark");
    const colour = tokenReader(root);
    const style = {
      colours,
      inFull: colours.map((_, i) => !ui.classes.size || ui.classes.has(classes[i]?.id)),
      background: colour("--dc-bg"),
      ink: colour("--dc-ink"),
      muted: contrast === "more" ? 0.45 : 0.16,
    };
    layer.setStyle(style);
    density.setStyle(style);
    thumbs.clear();
    overlay.setColours({
      text: style.ink,
      halo: style.background,
      original: colour("--dc-pie-original"),
      generated: colour("--dc-pie-generated"),
      accent: colour("--dc-accent"),
      font: getComputedStyle(root).fontFamily || "sans-serif",
    });
    request();
  }

  /** Draws with the next frame of the browser. */
  function request(): void {
    frame ||= requestAnimationFrame(draw);
  }

  function takePoints(change: PointsChange): void {
    const now = stillness.matches ? 0 : performance.now();
    if (change.kind === "appended") {
      const { start } = change;
      looks.take(start, ui);
      layer.take(points, looks.bytes, start, travel.extend(points, start));
      if (now && start && points.count < POPPING) young.push({ start, birth: now });
    } else {
      picker.invalidate();
      density.invalidate();
      if (change.kind === "updated") {
        looks.refresh(change.rows);
        const first = change.rows.reduce((least, row) => Math.min(least, row), points.count);
        layer.take(points, looks.bytes, first, travel.extend(points, first));
        layer.invalidate();
      } else {
        looks.take(0, ui);
        young = [];
        layer.take(points, looks.bytes, 0, now ? travel.begin(points, change.former, now) : null);
      }
    }
    if (!touched || !fitted) fitSoon();
    request();
  }

  function fitSoon(): void {
    if (!width || !points.count) return;
    fitted = true;
    fitAll();
  }

  function restyle(): void {
    const changed = looks.mark(ui);
    layer.restyle(looks.bytes, changed);
    overlay.lit = new Set(ui.focus?.labels);
    request();
  }

  function resize(): void {
    const { clientWidth, clientHeight } = stage;
    if (!clientWidth || !clientHeight) return;
    const first = !width;
    width = clientWidth;
    height = clientHeight;
    if (first) retheme();
    if (first || !touched) fitSoon();
    layer.invalidate();
    draw(); // at once: a resized canvas is blank
  }

  /** About how many points there are in a view. */
  function count(view: Bounds): number {
    const { x0, y0, x1, y1 } = points.extent;
    if (x0 >= view.x0 && y0 >= view.y0 && x1 <= view.x1 && y1 <= view.y1) return points.shown;
    const bound = picker.count(view);
    return bound < COUNTED ? picker.within(view).length : bound;
  }

  function draw(): void {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!width) return;
    if (relabel) {
      relabel = false;
      overlay.setLabels(store.get("label_tree"), store.get("labels"));
      if (!touched) fitSoon();
    }
    const now = performance.now();
    const mix = travel.progress(now);
    const pixelRatio = window.devicePixelRatio || 1;
    const next = { camera, width, height, pixelRatio, radius: radius(), mix, now };
    drawPoints(next);
    const fading = overlay.draw(next, stillness.matches);
    root.dataset.labels = String(overlay.shown);
    if (mix < 1 || fading || young.length) request();
    if (fitted && layer.awake && points.count) root.dataset.ready = "true";
  }

  function drawPoints(next: Frame): void {
    const { mix, now } = next;
    const view = camera.seen(width, height);
    const inView = count(view);
    const many = inView > (dense ? SPARSE : DENSE);
    const was = dense;
    dense = mix === 1 && points.shown > 0 && (ui.density === "auto" ? many : ui.density === "on");
    if (dense !== was) layer.invalidate();
    density.draw(camera, view, dense, looks.mask ? 0.35 : 1);
    young = young.filter(({ birth }) => now - birth < POP_MS);
    const part = points.count > DENSE && inView < points.count / 2;
    layer.draw({
      ...next,
      inView: dense ? looks.onTop.length : inView,
      mask: looks.mask,
      onTop: looks.onTop,
      growing: young.map(({ start, birth }) => ({ start, size: pop((now - birth) / POP_MS) })),
      rowsWithin: (margin) => {
        if (dense) return NOTHING;
        return part ? picker.within(camera.seen(width, height, margin)).sort() : null;
      },
    });
    const near = !dense && inView <= FEW && camera.k >= camera.home * NEAR;
    const rows = () => {
      const wanted = [...picker.within(view)].filter((row) => canPoint(connection, row));
      return wanted.length > FEW ? null : wanted;
    };
    thumbs.draw({ ...next, rows, colours }, near);
    root.dataset.density = dense ? "on" : "off";
  }

  return {
    camera,
    overlay,
    picker,
    fit: fitAll,
    pan,
    zoom,
    radius,
    retheme,
    request,
    /** The colour of each class. */
    colours: () => colours,
    /** The row of the small picture that is drawn at a place, or -1. */
    pictureAt: (px: number, py: number) => thumbs.at(px, py, camera),
  };
}

/** The size of a point that appears, of which a share of the time has passed: it overshoots a little. */
function pop(age: number): number {
  const left = age - 1;
  return 0.3 + 0.7 * (1 + 1.9 * left ** 3 + 0.9 * left ** 2);
}
