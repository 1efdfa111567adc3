import type { PointTable } from "../pointtable";
import type { OverlayColours } from "./labeldrawing";
import type { Frame } from "./pointrenderer";

const MOST = 20_000; // of which each is drawn
const FADE_MS = 120;

/** Draws what is under the pointer over the other points: one picture in a ring, several with the others veiled. */
export function hoverDrawing(points: PointTable, classColours: () => readonly string[]) {
  /** Rows by class and origin, which look the same. */
  let groups = new Map<number, number[]>();
  let single = true;
  let since = 0;

  return {
    take(pictures: ReadonlySet<number>): void {
      const step = Math.ceil(pictures.size / MOST);
      groups = new Map();
      single = pictures.size === 1;
      since = performance.now();
      let i = 0;
      for (const id of pictures) {
        const row = i++ % step ? -1 : points.row(id);
        if (row < 0 || !points.drawn(row)) continue;
        const key = points.classIndex[row] * 2 + points.origin[row];
        const group = groups.get(key) ?? [];
        groups.set(key, group);
        group.push(row);
      }
    },

    /** Draws; says whether it is still fading in. */
    draw(
      context: CanvasRenderingContext2D,
      { camera, width, height, radius, now }: Frame,
      { halo, text }: OverlayColours,
      still: boolean,
    ): boolean {
      if (!groups.size) return false;
      const strength = still || single ? 1 : Math.min(1, (now - since) / FADE_MS);
      /** The circles of some rows: filled, and drawn around unless the line has no width. */
      const circles = (rows: readonly number[], r: number, fill: string, line: number, ink: string) => {
        context.beginPath();
        for (const row of rows) {
          const [px, py] = camera.toScreen(points.x[row], points.y[row]);
          if (px < -r || py < -r || px > width + r || py > height + r) continue;
          context.moveTo(px + r, py);
          context.arc(px, py, r, 0, 2 * Math.PI);
        }
        context.fillStyle = fill;
        context.fill();
        context.lineWidth = line;
        context.strokeStyle = ink;
        if (line) context.stroke();
      };
      context.globalAlpha = 0.72 * strength;
      context.fillStyle = halo;
      if (!single) context.fillRect(0, 0, width, height);
      context.globalAlpha = strength;
      for (const [key, rows] of groups) {
        const generated = key & 1;
        const colour = classColours()[key >> 1];
        if (single) circles(rows, radius + 5.6, halo, 2, text);
        circles(rows, radius + 0.6 - 0.8 * generated, generated ? halo : colour, 1.8 * generated, colour);
      }
      context.globalAlpha = 1;
      return strength < 1;
    },
  };
}
