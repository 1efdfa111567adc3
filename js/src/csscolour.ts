/** A computed CSS colour, "rgb(…)" or "color(srgb …)", as "#rrggbb"; grey when it is of another form. */
export function cssToHex(colour: string): string {
  const numbers = (colour.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number).slice(0, 3);
  const scale = colour.startsWith("color(srgb ") ? 255 : colour.startsWith("rgb") ? 1 : Number.NaN;
  if (numbers.length < 3 || Number.isNaN(scale)) return "#808080";
  const hex = (part: number) =>
    Math.round(Math.min(255, Math.max(0, part * scale)))
      .toString(16)
      .padStart(2, "0");
  return `#${numbers.map(hex).join("")}`;
}
