import { after } from "../after";
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
export function pictureLayer(points: PointTable, thumbnails: Thumbnails) {
  const layer = h("div.dc-map-thumbs", { "aria-hidden": "true" });
  const shown = new Map<number, { element: HTMLElement; size: number }>();
  const rest = after(REST_MS);

  function placeOf(id: number, camera: Camera): [number, number] {
    const row = points.row(id);
    return camera.toScreen(points.x[row], points.y[row]);
  }

  function place(camera: Camera): void {
    for (const [id, { element }] of shown) {
      const [x, y] = placeOf(id, camera);
      element.style.translate = `calc(${x}px - 50%) calc(${y}px - 50%)`;
    }
  }

  function choose({ camera, width, height, rows, colours }: ThumbView, near: boolean): void {
    const found = ((near && rows()) || []).map((row) => points.id[row]);
    const size = found.length > 60 ? 40 : found.length > 20 ? 52 : 64;
    const room = size + 4;
    const taken: [number, number][] = [];
    const chosen = new Set<number>();
    // Those that are shown stay, so that the map is quiet.
    for (const id of found.sort((a, b) => Number(shown.has(b)) - Number(shown.has(a)))) {
      const [x, y] = placeOf(id, camera);
      if (x < 0 || y < 0 || x > width || y > height) continue;
      if (taken.some(([left, top]) => Math.abs(left - x) < room && Math.abs(top - y) < room)) continue;
      taken.push([x, y]);
      chosen.add(id);
    }
    for (const [id, { element, size: before }] of shown) {
      if (chosen.has(id) && before === size) continue;
      element.remove();
      shown.delete(id);
    }
    for (const id of chosen) if (!shown.has(id)) add(id, size, colours);
    place(camera);
  }

  function add(id: number, size: number, colours: readonly string[]): void {
    const row = points.row(id);
    const element = h(
      "div",
      {
        class: points.origin[row] ? "dc-map-thumb dc-generated" : "dc-map-thumb",
        style: { "--class": colours[points.classIndex[row]] ?? "", "--size": `${size}px` },
      },
      lateImage(thumbnails.picture(id), { alt: "", width: size, height: size }),
    );
    shown.set(id, { element, size });
    layer.append(element);
  }

  return {
    element: layer,

    /** Moves the pictures with the map; chooses them anew when it has come to rest. */
    draw(view: ThumbView, near: boolean): void {
      rest(near || shown.size ? () => choose(view, near) : undefined);
      place(view.camera);
    },

    /** The picture that is drawn at a place, as its row, or -1. */
    at(px: number, py: number, camera: Camera): number {
      for (const [id, { size }] of shown) {
        const [x, y] = placeOf(id, camera);
        if (Math.max(Math.abs(px - x), Math.abs(py - y)) <= size / 2) return points.row(id);
      }
      return -1;
    },

    /** Takes all pictures away. */
    clear(): void {
      rest();
      shown.clear();
      layer.replaceChildren();
    },
  };
}
