const KINDS: Record<string, [one: string, many: string]> = {
  nan: ["broken", "broken"],
  unsafe: ["stopped by the safety checker", "stopped by the safety checker"],
  blank: ["blank", "blank"],
  duplicate: ["duplicate", "duplicates"],
  near_duplicate: ["near-duplicate", "near-duplicates"],
  near_original: ["near-copy of an original", "near-copies of originals"],
  user: ["flagged by hand", "flagged by hand"],
};

/** How many pictures are flagged for which reasons, such as "2 near-copies of originals, 1 blank". */
export function flagWords(flagged: Readonly<Record<string, number>>): string {
  return Object.entries(flagged)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${count} ${KINDS[kind]?.[count === 1 ? 0 : 1] ?? kind.replaceAll("_", " ")}`)
    .join(", ");
}
