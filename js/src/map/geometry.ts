const BANDS = 64;

/** A test for being inside the polygon given as x, y, x, y … (even-odd rule), quick for very many places. */
export function polygonTest(polygon: readonly number[]): (x: number, y: number) => boolean {
  const n = polygon.length;
  let [low, high] = [Infinity, -Infinity];
  for (let i = 1; i < n; i += 2) {
    low = Math.min(low, polygon[i]);
    high = Math.max(high, polygon[i]);
  }
  // A place is compared with the edges at its height, not with all.
  const band = (y: number) =>
    Math.min(BANDS - 1, Math.max(0, Math.floor(((y - low) / (high - low || 1)) * BANDS)));
  const edges: [number, number][][] = Array.from({ length: BANDS }, () => []);
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const [a, b] = [band(polygon[i + 1]), band(polygon[j + 1])];
    for (let at = Math.min(a, b); at <= Math.max(a, b); at++) edges[at].push([i, j]);
  }
  return (x, y) => {
    let inside = false;
    for (const [i, j] of edges[band(y)]) {
      const yi = polygon[i + 1];
      const yj = polygon[j + 1];
      if (yi > y !== yj > y && x < ((polygon[j] - polygon[i]) * (y - yi)) / (yj - yi) + polygon[i]) {
        inside = !inside;
      }
    }
    return inside;
  };
}
