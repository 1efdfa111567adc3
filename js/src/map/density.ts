import type { Bounds } from "../bounds";
import { h } from "../dom";
import { rgb } from "../palette";
import type { PointTable } from "../pointtable";
import type { Camera } from "./camera";
import type { Picker } from "./picker";
import type { Style } from "./pointrenderer";

/** How much a picture counts whose class is filtered away. */
const FAINT = 0.06;

/** Cells of one size over a part of the map. Red, green, blue and weight of each follow each other. */
interface Bins {
  size: number;
  x0: number;
  y1: number;
  wide: number;
  high: number;
  sums: Float32Array<ArrayBuffer>;
}

/**
 * How many pictures lie where, as colour: counts in cells that stand still on the map, a size for each level of zoom.
 * They are counted once a level; new rows are added to them; panning and zooming move the canvas only.
 */
export function densityLayer(points: PointTable, picker: Picker) {
  const canvas = h("canvas.dc-map-density");
  const context = canvas.getContext("2d")!;
  let bins: Bins | null = null;
  let counted = 0;
  /** Of each class and origin: squared red, green and blue, and weight. */
  let inks = new Float32Array(0);

  function count({ x0, y1, size, wide, high, sums }: Bins, part: boolean): void {
    const { x, y, classIndex, origin, hidden } = points;
    const scale = 1 / size;
    const add = (row: number) => {
      const column = Math.floor((x[row] - x0) * scale);
      const line = Math.floor((y1 - y[row]) * scale);
      if (hidden[row] || !(column >= 0 && column < wide && line >= 0 && line < high)) return;
      const at = (line * wide + column) * 4;
      const ink = classIndex[row] * 8 + origin[row] * 4;
      for (let c = 0; c < 4; c++) sums[at + c] += inks[ink + c];
    };
    const box = { x0, y0: y1 - high * size, x1: x0 + wide * size, y1 };
    if (part) for (const row of picker.within(box)) add(row);
    else for (let row = counted; row < points.count; row++) add(row);
    counted = points.count;
  }

  function paint({ wide, high, sums }: Bins): void {
    let most = 1;
    for (let at = 3; at < sums.length; at += 4) if (sums[at] > most) most = sums[at];
    const image = context.createImageData(wide, high);
    const scale = 1 / Math.log1p(most);
    for (let at = 0; at < sums.length; at += 4) {
      const weight = sums[at + 3];
      if (weight === 0) continue;
      for (let c = 0; c < 3; c++) image.data[at + c] = 255 * Math.sqrt(sums[at + c] / weight);
      image.data[at + 3] = 255 * (0.35 * Math.min(1, weight * 2) + 0.65 * Math.log1p(weight) * scale);
    }
    canvas.width = wide;
    canvas.height = high;
    context.putImageData(image, 0, 0);
  }

  /** To be called when rows have moved or look otherwise. */
  function invalidate(): void {
    bins = null;
  }

  return {
    element: h("div.dc-map-layer", { "aria-hidden": "true" }, canvas),
    invalidate,

    setStyle({ colours, inFull, background }: Style): void {
      const paper = rgb(background);
      inks = new Float32Array(colours.length * 8);
      colours.forEach((colour, i) => {
        for (const origin of [0, 1]) {
          // Generated pictures are paler, as their rings are.
          const parts = rgb(colour).map((part, c) => part + (paper[c] - part) * origin * 0.3);
          const weight = inFull[i] ? 1 : FAINT;
          inks.set([...parts.map((part) => part * part * weight), weight], i * 8 + origin * 4);
        }
      });
      invalidate();
    },

    /** Shows the density of a view in some strength, or nothing of it. */
    draw(camera: Camera, view: Bounds, shown: boolean, strength: number): void {
      canvas.hidden = !shown;
      if (!shown) return;
      const { extent } = points;
      const size = 2 ** Math.floor(Math.log2(4.5 / camera.k));
      if (bins?.size !== size || !covers(bins, clip(view, extent, 0))) {
        bins = makeBins(clip(view, extent, 0.5), size);
        counted = 0;
      }
      if (counted < points.count) {
        count(bins, counted === 0 && !covers(bins, extent));
        paint(bins);
      }
      const [left, top] = camera.toScreen(bins.x0, bins.y1);
      canvas.style.opacity = String(strength);
      canvas.style.transform = `translate(${left}px, ${top}px) scale(${size * camera.k})`;
    },
  };
}

function makeBins({ x0, y0, x1, y1 }: Bounds, size: number): Bins {
  const [left, top] = [Math.floor(x0 / size) - 1, Math.ceil(y1 / size) + 1];
  const wide = Math.max(1, Math.ceil(x1 / size) + 1 - left);
  const high = Math.max(1, top - Math.floor(y0 / size) + 1);
  return { size, x0: left * size, y1: top * size, wide, high, sums: new Float32Array(wide * high * 4) };
}

function covers({ size, x0, y1, wide, high }: Bins, box: Bounds): boolean {
  return x0 <= box.x0 && y1 >= box.y1 && x0 + wide * size >= box.x1 && y1 - high * size <= box.y0;
}

/** The part of a view, widened by a share of its size, in which there is something. */
function clip(view: Bounds, extent: Bounds, share: number): Bounds {
  const [dx, dy] = [(view.x1 - view.x0) * share, (view.y1 - view.y0) * share];
  const x0 = Math.max(view.x0 - dx, Math.min(extent.x0, extent.x1));
  const y0 = Math.max(view.y0 - dy, Math.min(extent.y0, extent.y1));
  return {
    x0,
    y0,
    x1: Math.max(x0, Math.min(view.x1 + dx, extent.x1)),
    y1: Math.max(y0, Math.min(view.y1 + dy, extent.y1)),
  };
}
