export type Rgb = [number, number, number];

/**
 * Ten colours that stay apart for colour-blind readers: Petroff's accessible sequence (arXiv:2107.02270), reordered
 * so that its greys come last; the dark ones are lifted for dark backgrounds.
 */
const LIGHT = ["#3f90da", "#e76300", "#832db6", "#94a42f", "#bd1f01", "#17a2a2", "#ffa90e", "#a96b59", "#717581", "#d667a9"];
const DARK = ["#5aa5ea", "#f5832f", "#b57ce8", "#b3c24d", "#ea5a43", "#3cc4c0", "#ffc04d", "#c98f7d", "#9aa0ae", "#e98bc4"];

/** `count` class colours. Past the ten distinct ones, the same hues come back lighter or darker in turn. */
export function palette(count: number, dark: boolean): string[] {
  const base = dark ? DARK : LIGHT;
  return Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / base.length);
    const colour = base[i % base.length];
    return round === 0 ? colour : shade(colour, (round % 2 ? 1 : -1) * Math.min(0.55, 0.28 * Math.ceil(round / 2)));
  });
}

/** "#rrggbb" as three numbers from 0 to 1. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function shade(hex: string, amount: number): string {
  const target = amount > 0 ? 1 : 0;
  const parts = rgb(hex).map((part) => part + (target - part) * Math.abs(amount));
  return `#${parts.map((part) => Math.round(part * 255).toString(16).padStart(2, "0")).join("")}`;
}
