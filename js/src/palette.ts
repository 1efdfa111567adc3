export type Rgb = [number, number, number];

/**
 * Ten hues whose lightness and chroma were searched so that the least OKLab distance between any two is as large as it
 * gets, seen with normal vision and with protanopia, deuteranopia and tritanopia (Machado et al. 2009). A class keeps
 * its hue in both themes.
 */
const LIGHT = [
  "#1b4ba9",
  "#de7c00",
  "#43dd9a",
  "#91256c",
  "#40a7ee",
  "#b84412",
  "#efbd24",
  "#8362cd",
  "#2b937d",
  "#5a3a1f",
];
const DARK = [
  "#1276ce",
  "#ef852e",
  "#7afdaf",
  "#9e4b8e",
  "#84cefe",
  "#b84412",
  "#f6c330",
  "#b58bf9",
  "#2fbda7",
  "#99816e",
];

/** `count` class colours. Past the ten distinct ones, the same hues come back lighter or darker in turn. */
export function palette(count: number, dark: boolean): string[] {
  const base = dark ? DARK : LIGHT;
  return Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / base.length);
    const colour = base[i % base.length];
    return round === 0
      ? colour
      : shade(colour, (round % 2 ? 1 : -1) * Math.min(0.55, 0.28 * Math.ceil(round / 2)));
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
  return `#${parts
    .map((part) =>
      Math.round(part * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}
