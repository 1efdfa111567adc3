/** A label to place: its pie's centre and radius, and the size of its text, in pixels. */
export interface LabelBox {
  x: number;
  y: number;
  radius: number;
  width: number;
  height: number;
}

/** Where a label's text went: the left end of its baseline's middle. */
export interface PlacedLabel {
  index: number;
  textX: number;
  textY: number;
}

interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const GAP = 4;

/**
 * Places labels in order of importance (first is most important): the pie stays at its place, the text goes right,
 * left, below or above of it. A label that would touch one already placed, or leave the view, is left out.
 */
export function placeLabels(labels: readonly LabelBox[], width: number, height: number): PlacedLabel[] {
  const taken: Rect[] = [];
  const placed: PlacedLabel[] = [];
  labels.forEach((label, index) => {
    const { x, y, radius: r } = label;
    const pie = { x0: x - r - 1, y0: y - r - 1, x1: x + r + 1, y1: y + r + 1 };
    if (pie.x0 < 2 || pie.y0 < 2 || pie.x1 > width - 2 || pie.y1 > height - 2) return;
    if (taken.some((rect) => overlaps(rect, pie))) return;
    const spots: [number, number][] = [
      [x + r + GAP, y],
      [x - r - GAP - label.width, y],
      [x - label.width / 2, y + r + GAP + label.height / 2],
      [x - label.width / 2, y - r - GAP - label.height / 2],
    ];
    for (const [textX, textY] of spots) {
      const text = {
        x0: textX - 2,
        y0: textY - label.height / 2 - 1,
        x1: textX + label.width + 2,
        y1: textY + label.height / 2 + 1,
      };
      const inside = text.x0 >= 2 && text.y0 >= 2 && text.x1 <= width - 2 && text.y1 <= height - 2;
      if (!inside || taken.some((rect) => overlaps(rect, text))) continue;
      taken.push(pie, text);
      placed.push({ index, textX, textY });
      return;
    }
  });
  return placed;
}

function overlaps(a: Rect, b: Rect): boolean {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}
