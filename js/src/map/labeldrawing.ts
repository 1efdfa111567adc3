import type { Mark } from "./overlay";

export interface OverlayColours {
  text: string;
  halo: string;
  original: string;
  generated: string;
  accent: string;
  font: string;
}

/** Draws a label's pie, split into originals and generated pictures, and its text. */
export function drawLabel(
  context: CanvasRenderingContext2D,
  colours: OverlayColours,
  mark: Mark,
  active: boolean,
  muted: boolean,
): void {
  const { node, x, y, radius } = mark;
  const share = node.generated / Math.max(1, node.originals + node.generated);
  const disc = (r: number, fill: string, turn = 1) => {
    const start = -Math.PI / 2;
    context.beginPath();
    if (turn < 1) context.moveTo(x, y);
    context.arc(x, y, r, start, start + turn * 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
  };
  // A veil between the points and the text; a muted label stays as easy to read.
  context.globalAlpha = mark.alpha * 0.6;
  context.beginPath();
  context.roundRect(mark.textX - 3, mark.textY - mark.height * 0.65, mark.width + 6, mark.height * 1.3, 4);
  context.fillStyle = colours.halo;
  context.fill();
  context.globalAlpha = mark.alpha;
  disc(radius + 1.5, colours.halo);
  context.font = `500 ${mark.height}px ${colours.font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = colours.halo;
  context.strokeText(mark.text, mark.textX, mark.textY + 0.5, 220);
  context.globalAlpha = mark.alpha * (muted ? 0.45 : 1);
  disc(radius, colours.original);
  if (share > 0) disc(radius, colours.generated, share);
  context.fillStyle = active ? colours.accent : colours.text;
  context.fillText(mark.text, mark.textX, mark.textY + 0.5, 220);
  context.globalAlpha = 1;
}
