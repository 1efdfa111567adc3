import type { TemplatePart } from "./slots";

/** One prompt that a template can become, for showing: Python's own repairs of English are finer. */
export function samplePrompt(
  parts: readonly TemplatePart[],
  word: string,
  random: () => number = Math.random,
): string {
  const text = parts
    .map((part) => {
      if (part.kind === "class") return word;
      const words =
        part.kind === "text" ? part.text : part.options[Math.floor(random() * part.options.length)];
      return words.replace(/\[\[|\]\]|\{\{|\}\}/g, (pair) => pair[0]).replaceAll("{class}", word);
    })
    .join("");
  return text
    .replace(/\s+/g, " ")
    .replace(/ ([,.;:!?])/g, "$1")
    .replace(/,(?:\s*,)+/g, ",")
    .replace(/^[,;\s]+|[,;\s]+$/g, "")
    .replace(
      /(?<![\w'-])(a|A)n?(?= (\p{L}[\w'-]*))/gu,
      (_, article, next) => article + (takesAn(next) ? "n" : ""),
    );
}

function takesAn(word: string): boolean {
  if (/^(hour|honest|honou?r|heir)/i.test(word)) return true;
  return /^[aeiou]/i.test(word) && !/^(uni(?!n|m)|us[eua]|ut[ie]|eu|one\b|once)/i.test(word);
}
