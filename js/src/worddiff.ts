export interface DiffPart {
  kind: "same" | "gone" | "new";
  text: string;
}

interface Token {
  /** What is compared: the words without the space or bar after them. */
  key: string;
  text: string;
}

/** What changed between two prompts: the longest common subsequence of words, and of whole options in brackets, stays. */
export function wordDiff(before: string, after: string): DiffPart[] {
  const a = tokens(before);
  const b = tokens(after);
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const same = a[i].key === b[j].key;
      common[i][j] = same ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const parts: DiffPart[] = [];
  const add = (kind: DiffPart["kind"], text: string) => {
    const last = parts[parts.length - 1];
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i].key === b[j].key) {
      add("same", b[j++].text);
      i++;
    } else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1]))
      add("gone", a[i++].text);
    else add("new", b[j++].text);
  }
  return parts;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const [piece] of text.matchAll(/\[[^[\]]*\]\s*|[^[]+|\[/g)) {
    if (piece.startsWith("[") && piece.length > 1) found.push(...optionTokens(piece));
    else found.push(...wordTokens(piece));
  }
  return found;
}

/** "[a | b] " as "[", "a | ", "b", "] ". */
function optionTokens(slot: string): Token[] {
  const end = slot.lastIndexOf("]");
  const options = slot.slice(1, end).split("|");
  const last = options.length - 1;
  return [
    { key: "[", text: "[" },
    ...options.map((option, i) => ({
      key: `option ${option.trim()}`,
      text: option.trim() + (i < last ? " | " : ""),
    })),
    { key: "]", text: slot.slice(end) },
  ];
}

function wordTokens(text: string): Token[] {
  const words = text.match(/\{[^}]*\}\s*|,\s*|[^\s,{]+\s*|\s+|\{/g) ?? [];
  return words.map((word) => ({ key: word.trim(), text: word }));
}
