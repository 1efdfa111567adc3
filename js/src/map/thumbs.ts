import { h } from "../dom";
import { lateImage } from "../lateimage";
import type { PointTable } from "../pointtable";
import type { Thumbnails } from "../thumbnails";
import type { Camera } from "./camera";

const REST_MS = 160;

/** What pictures are laid out for. */
export interface ThumbView {
  camera: Camera;
  width: number;
  height: number;
  /** Rows that may be shown, the most wanted first; null when there are too many in view. */
  rows: () => readonly number[] | null;
  colours: readonly string[];
}

/** Pictures at their points, where the map is near enough that some fit: none covers another. */
export class MapThumbs {
  readonly element = h("div", { class: "dc-map-thumbs", "aria-hidden": "true" });
  readonly #points: PointTable;
  readonly #thumbnails: Thumbnails;
  readonly #shown = new Map<number, { element: HTMLElement; size: number }>();
  #timer = 0;

  constructor(points: PointTable, thumbnails: Thumbnails) {
    this.#points = points;
    this.#thumbnails = thumbnails;
  }

  /** Moves the pictures with the map; chooses them anew when it has come to rest. */
  draw(view: ThumbView, near: boolean): void {
    window.clearTimeout(this.#timer);
    this.#place(view.camera);
    if (near || this.#shown.size) this.#timer = window.setTimeout(() => this.#choose(view, near), REST_MS);
  }

  /** The picture that is drawn at a place, as its row, or -1. */
  at(px: number, py: number, camera: Camera): number {
    for (const [id, { size }] of this.#shown) {
      const row = this.#points.row(id);
      const [x, y] = camera.toScreen(this.#points.x[row], this.#points.y[row]);
      if (Math.max(Math.abs(px - x), Math.abs(py - y)) <= size / 2) return row;
    }
    return -1;
  }

  /** Takes all pictures away. */
  clear(): void {
    window.clearTimeout(this.#timer);
    this.#shown.clear();
    this.element.replaceChildren();
  }

  #place(camera: Camera): void {
    for (const [id, { element }] of this.#shown) {
      const row = this.#points.row(id);
      const [x, y] = camera.toScreen(this.#points.x[row], this.#points.y[row]);
      element.style.translate = `calc(${x}px - 50%) calc(${y}px - 50%)`;
    }
  }

  #choose({ camera, width, height, rows, colours }: ThumbView, near: boolean): void {
    const points = this.#points;
    const found = (near && rows()) || [];
    const size = found.length > 60 ? 40 : found.length > 20 ? 52 : 64;
    const room = size + 4;
    const taken: [number, number][] = [];
    const chosen = new Set<number>();
    // Those that are shown stay, so that the map is quiet.
    const order = [...found].sort(
      (a, b) => Number(this.#shown.has(points.id[b])) - Number(this.#shown.has(points.id[a])),
    );
    for (const row of order) {
      const [x, y] = camera.toScreen(points.x[row], points.y[row]);
      if (x < 0 || y < 0 || x > width || y > height) continue;
      if (taken.some(([left, top]) => Math.abs(left - x) < room && Math.abs(top - y) < room)) continue;
      taken.push([x, y]);
      chosen.add(points.id[row]);
    }
    for (const [id, { element, size: before }] of this.#shown) {
      if (chosen.has(id) && before === size) continue;
      element.remove();
      this.#shown.delete(id);
    }
    for (const id of chosen) if (!this.#shown.has(id)) this.#add(id, size, colours);
    this.#place(camera);
  }

  #add(id: number, size: number, colours: readonly string[]): void {
    const row = this.#points.row(id);
    const element = h(
      "div",
      {
        class: this.#points.origin[row] ? "dc-map-thumb dc-generated" : "dc-map-thumb",
        style: { "--class": colours[this.#points.classIndex[row]] ?? "", "--size": `${size}px` },
      },
      lateImage(this.#thumbnails.picture(id), { alt: "", width: size, height: size }),
    );
    this.#shown.set(id, { element, size });
    this.element.append(element);
  }
}
