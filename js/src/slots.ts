export type TemplatePart =
  | { kind: "text"; text: string }
  | { kind: "class" }
  | { kind: "slot"; options: string[] };

/** A template's text taken apart: words, `{class}`, and `[a | b]`. Whatever does not parse stays text, as written. */
export function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  // Doubled brackets and braces are written literally.
  for (const [piece] of template.matchAll(
    /\[\[|\]\]|\{\{|\}\}|\[(?:\[\[|\]\]|[^[\]])*\]|\{class\}|[^[\]{}]+|./gs,
  )) {
    const last = parts.at(-1);
    if (piece === "{class}") parts.push({ kind: "class" });
    else if (piece.length > 2 && piece.startsWith("[") && piece.endsWith("]")) {
      const options = piece.slice(1, -1).split("|");
      parts.push({ kind: "slot", options: options.map((option) => option.trim()) });
    } else if (last?.kind === "text") last.text += piece;
    else parts.push({ kind: "text", text: piece });
  }
  return parts;
}

/** The template that has these parts. */
export function writeTemplate(parts: readonly TemplatePart[]): string {
  return parts
    .map((part) => {
      if (part.kind !== "slot") return part.kind === "class" ? "{class}" : part.text;
      const text = part.options.join(" | ");
      return `[${text.startsWith("[") ? " " : ""}${text}${text.endsWith("]") ? " " : ""}]`;
    })
    .join("");
}
