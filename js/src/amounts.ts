/** A number of things: "1 picture", "1,200 pictures". */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
}

/** A duration in a few characters. */
export function duration(seconds: number): string {
  if (seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${digits(seconds)} s`;
  return seconds < 5400 ? `${digits(seconds / 60)} min` : `${digits(seconds / 3600)} h`;
}

/** Energy, given in watt-hours. */
export function energy(wattHours: number): string {
  if (wattHours < 0.1) return `${digits(wattHours * 1000)} mWh`;
  return wattHours < 1000 ? `${digits(wattHours)} Wh` : `${digits(wattHours / 1000)} kWh`;
}

/** An amount of money, in the smallest number of digits that say something. */
export function money(amount: number, currency: string): string {
  const fine = amount > 0 && amount < 1;
  try {
    return new Intl.NumberFormat("en", {
      style: "currency",
      currency,
      ...(fine ? { maximumSignificantDigits: 2 } : {}),
    }).format(amount);
  } catch {
    return `${digits(amount)} ${currency}`; // a currency of the person's own
  }
}

function digits(value: number): string {
  return value < 10 ? String(Number(value.toPrecision(2))) : value.toFixed(0);
}
