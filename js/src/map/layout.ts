export type Side = "right" | "left" | "below" | "above";

/** A label to place: its pie's centre and radius, the size of its text in pixels, and the side it had so far. */
export interface LabelBox {
  x: number;
  y: number;
  radius: number;
  width: number;
  height: number;
  side: Side | null;
}

/** Where a label went: the side, and the left end of its text's middle line. */
export interface PlacedLabel {
  index: number;
  side: Side;
  textX: number;
  textY: number;
}

interface Taken {
  label: LabelBox;
  box: Box;
}

type Box = readonly [x0: number, y0: number, x1: number, y1: number];

const SIDES: readonly Side[] = ["right", "left", "below", "above"];
const GAP = 4;
const EDGE = 2;
const RIM = 16;
const CLEARANCE = 3;
const SQUEEZE = 1 / 11;

/**
 * Places what fits, the most important first, those shown already before the others. The same as
 * `datacrafter_widget/labels/placing.py`, which explains it; both are held to `tests/labels/placements.json`.
 */
export function placeLabels(labels: readonly LabelBox[], width: number, height: number): PlacedLabel[] {
  const taken: Taken[] = [];
  const placed: PlacedLabel[] = [];
  const inside = (box: Box, low: number) =>
    box[0] >= low && box[1] >= low && box[2] <= width - low && box[3] <= height - low;
  const place = (label: LabelBox, index: number) => {
    const fits = (box: Box, margin: number) =>
      (label.side || inside(box, margin)) && clear(label, box, taken);
    const { x, y } = label;
    const reach = label.radius + 1;
    const mark: Box = [x - reach, y - reach, x + reach, y + reach];
    if (!fits(mark, RIM)) return;
    for (const side of label.side ? [label.side, ...SIDES.filter((one) => one !== label.side)] : SIDES) {
      const [textX, textY] = textPlace(label, side);
      const half = label.height / 2;
      const text: Box = [textX - 2, textY - half - 1, textX + label.width + 2, textY + half + 1];
      if (!fits(text, EDGE)) continue;
      taken.push({ label, box: mark }, { label, box: text });
      placed.push({ index, side, textX, textY });
      return;
    }
  };
  for (const shown of [true, false]) {
    labels.forEach((label, index) => {
      if ((label.side !== null) === shown) place(label, index);
    });
  }
  return placed;
}

function textPlace({ x, y, radius, width, height }: LabelBox, side: Side): [number, number] {
  if (side === "right") return [x + radius + GAP, y];
  if (side === "left") return [x - radius - GAP - width, y];
  const down = radius + GAP + height / 2;
  return [x - width / 2, y + (side === "below" ? down : -down)];
}

function clear(label: LabelBox, box: Box, taken: readonly Taken[]): boolean {
  const [room, squeeze] = label.side ? [0, 0] : [CLEARANCE, SQUEEZE];
  const apart = (a: number, a0: number, a1: number, b: number, b0: number, b1: number) =>
    (a <= b && a1 + room + squeeze * (b - a) <= b0) || (b <= a && b1 + room + squeeze * (a - b) <= a0);
  return taken.every(
    ({ label: other, box: theirs }) =>
      apart(label.x, box[0], box[2], other.x, theirs[0], theirs[2]) ||
      apart(label.y, box[1], box[3], other.y, theirs[1], theirs[3]),
  );
}
