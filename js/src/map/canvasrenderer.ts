import type { PointTable } from "../pointtable";
import {
  FLAGGED,
  GENERATED,
  HIDDEN,
  KEPT,
  type PointFrame,
  type PointRenderer,
  SELECTED,
  type Style,
  sizeCanvas,
  tooSmall,
} from "./pointrenderer";
import type { Places } from "./travel";

const QUIET = 128; // a bit that looks leave free
const FORMS = SELECTED | KEPT | FLAGGED | GENERATED;

/** The same picture without WebGL2. Each form of mark is drawn once, then stamped. */
export function canvasRenderer(canvas: HTMLCanvasElement): PointRenderer {
  const context = canvas.getContext("2d")!;
  const stamps = new Map<number, HTMLCanvasElement>();
  let stampedFor = 0;
  let points: PointTable | null = null;
  let looks = new Uint8Array(0);
  let from: Places | null = null;
  let style: Style | null = null;

  function stamp(frame: PointFrame, row: number, size: number): void {
    const bits = looks[row];
    if (bits & HIDDEN) return;
    const { x: xs, y: ys, classIndex } = points!;
    const { mask, mix, pixelRatio: ratio } = frame;
    const { k, tx, ty } = frame.camera;
    let [x, y] = [xs[row], ys[row]];
    if (from && mix < 1) {
      x = from.x[row] * (1 - mix) + x * mix;
      y = from.y[row] * (1 - mix) + y * mix;
    }
    const owner = classIndex[row];
    const quiet =
      !(bits & SELECTED) && (style!.inFull[owner] === false || (mask !== 0 && !(bits & mask))) ? QUIET : 0;
    const look = (bits & FORMS) | quiet;
    const key = owner * 256 + look;
    const drawn = stamps.get(key) ?? mark(frame, look, style!.colours[owner] ?? "#808080");
    stamps.set(key, drawn);
    const wide = drawn.width * size;
    context.drawImage(drawn, (x * k + tx) * ratio - wide / 2, (ty - y * k) * ratio - wide / 2, wide, wide);
  }

  function mark({ radius, pixelRatio }: PointFrame, look: number, colour: string): HTMLCanvasElement {
    const { ink, background, muted } = style!;
    const r = radius * (look & SELECTED ? 1.3 : 1);
    const marked = look & (SELECTED | KEPT);
    const ring = look & GENERATED;
    const stroke = marked ? 1.75 : 1.5;
    const result = document.createElement("canvas");
    result.width = result.height = Math.ceil(2 * r * pixelRatio) + 3;
    const on = result.getContext("2d")!;
    on.translate(result.width / 2, result.width / 2);
    on.scale(pixelRatio, pixelRatio);
    on.globalAlpha = (look & QUIET ? muted : 1) * (look & FLAGGED ? 0.6 : 1);
    const circle = (radius: number) => {
      on.beginPath();
      on.arc(0, 0, radius, 0, 2 * Math.PI);
    };
    const disc = (radius: number, fill: string) => {
      circle(radius);
      on.fillStyle = fill;
      on.fill();
    };
    const mixed = (other: string, share: number) => `color-mix(in srgb, ${other} ${share}%, ${colour})`;
    if (tooSmall(radius * pixelRatio)) {
      const wide = Math.max(2, Math.round(2 * r * pixelRatio)) / pixelRatio;
      on.globalAlpha *= 0.9;
      on.fillStyle = marked ? mixed(ink, 35) : ring ? mixed(background, 40) : colour;
      on.fillRect(-wide / 2, -wide / 2, wide, wide);
    } else if (ring) {
      disc(r, `color-mix(in srgb, ${mixed(background, 78)} 62%, transparent)`);
      circle(Math.max(0, r - stroke / 2));
      on.lineWidth = stroke;
      on.strokeStyle = marked ? mixed(ink, 35) : colour;
      on.stroke();
    } else {
      disc(r, mixed(marked ? ink : background, 75));
      disc(Math.max(0.5, r - stroke), colour);
    }
    if (look & FLAGGED) {
      on.globalCompositeOperation = "destination-out";
      on.globalAlpha = 1;
      on.lineWidth = 2;
      on.beginPath();
      on.moveTo(-r, r);
      on.lineTo(r, -r);
      on.stroke();
    }
    return result;
  }

  return {
    canvas,

    setStyle(next: Style): void {
      style = next;
      stampedFor = 0;
    },

    take(nextPoints: PointTable, nextLooks: Uint8Array<ArrayBuffer>, _: number, places: Places | null): void {
      points = nextPoints;
      looks = nextLooks;
      from = places;
    },

    restyle(): void {}, // the looks are the ones it was given

    draw(frame: PointFrame): void {
      if (!points || !style) return;
      if (!sizeCanvas(canvas, frame) || !frame.since) context.clearRect(0, 0, canvas.width, canvas.height);
      const radius = frame.radius * frame.pixelRatio;
      if (stampedFor !== radius) stamps.clear();
      stampedFor = radius;
      const { rows, onTop, since, growing } = frame;
      if (rows) for (const row of rows) stamp(frame, row, 1);
      else {
        for (let row = since, batch = -1; row < points.count; row++) {
          while (growing[batch + 1]?.start <= row) batch++;
          stamp(frame, row, growing[batch]?.size ?? 1);
        }
      }
      for (const row of onTop) stamp(frame, row, 1);
    },

    dispose(): void {
      points = null;
      canvas.width = canvas.height = 0;
    },
  };
}
