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
  const strength = mark.alpha * (muted ? 0.4 : 1);
  // a veil between the points and the text
  context.globalAlpha = strength * 0.6;
  context.beginPath();
  context.roundRect(mark.textX - 3, mark.textY - mark.height * 0.65, mark.width + 6, mark.height * 1.3, 4);
  context.fillStyle = colours.halo;
  context.fill();
  context.globalAlpha = strength;
  disc(radius + 1.5, colours.halo);
  disc(radius, colours.original);
  if (share > 0) disc(radius, colours.generated, share);
  context.font = `500 ${mark.height}px ${colours.font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = colours.halo;
  context.fillStyle = active ? colours.accent : colours.text;
  context.strokeText(mark.text, mark.textX, mark.textY + 0.5, 220);
  context.fillText(mark.text, mark.textX, mark.textY + 0.5, 220);
  context.globalAlpha = 1;
}
