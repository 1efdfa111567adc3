/** The capacity to hold `needed` rows: doubled from the present one, so that appending is O(new) on average. */
export function nextCapacity(present: number, needed: number, least = 256): number {
  let capacity = Math.max(present, least);
  while (capacity < needed) capacity *= 2;
  return capacity;
}
