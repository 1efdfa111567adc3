/** A linear map from data to pixels. */
export interface Scale {
  (value: number): number;
  domain: [number, number];
}

/** A scale over the values, with some air; a flat series sits in the middle. */
export function linearScale(values: readonly number[], range: [number, number], air = 0.12): Scale {
  const finite = values.filter(Number.isFinite);
  let low = finite.length ? Math.min(...finite) : 0;
  let high = finite.length ? Math.max(...finite) : 1;
  if (low === high) {
    const around = Math.abs(low) * 0.1 || 0.5;
    low -= around;
    high += around;
  }
  const pad = (high - low) * air;
  const domain: [number, number] = [low - pad, high + pad];
  const scale = (value: number) =>
    range[0] + ((value - domain[0]) / (domain[1] - domain[0])) * (range[1] - range[0]);
  return Object.assign(scale, { domain });
}

/** A number at three significant digits, without an exponent where it can be read without. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (value < 0) return `−${compact(size)}`;
  if (size >= 100 && size < 1e6) return Math.round(value).toLocaleString("en");
  if (size && (size < 1e-4 || size >= 1e6)) return value.toExponential(1);
  return size ? value.toPrecision(size < 0.001 ? 2 : 3) : "0.000";
}

/** A number with two decimals: scores and gains are in standard deviations. */
export function hundredths(value: number): string {
  const text = Math.abs(value).toFixed(2);
  return value < 0 && Number(text) > 0 ? `−${text}` : text;
}

/** The same with a plus where it is above zero. */
export function gainText(value: number): string {
  const text = hundredths(value);
  return value > 0 && Number(text) > 0 ? `+${text}` : text;
}
