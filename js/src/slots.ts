export type TemplatePart =
  | { kind: "text"; text: string }
  | { kind: "class" }
  | { kind: "slot"; options: string[] };

/** A template's text taken apart for showing: words, `{class}`, and `[a | b]`. Whatever does not parse stays text. */
export function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  for (const [piece] of template.matchAll(/\[[^[\]]*\]|\{class\}|[^[{]+|[[{]/g)) {
    if (piece === "{class}") parts.push({ kind: "class" });
    else if (piece.length > 1 && piece.startsWith("[") && piece.endsWith("]")) {
      parts.push({
        kind: "slot",
        options: piece
          .slice(1, -1)
          .split("|")
          .map((option) => option.trim()),
      });
    } else parts.push({ kind: "text", text: piece });
  }
  return parts;
}
