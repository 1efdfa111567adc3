export interface DiffPart {
  kind: "same" | "gone" | "new";
  text: string;
}

/** What changed between two prompts, word by word: the longest common subsequence stays. */
export function wordDiff(before: string, after: string): DiffPart[] {
  const a = tokens(before);
  const b = tokens(after);
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
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
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("same", a[i++]);
      j++;
    } else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) add("gone", a[i++]);
    else add("new", b[j++]);
  }
  return parts;
}

/** Words with the space after them, so that a change carries its space along; brackets and bars on their own. */
function tokens(text: string): string[] {
  return text.match(/\{[^}]*\}\s*|[[\]|,]\s*|[^\s[\]|,{}]+\s*|\s+|[{}]/g) ?? [];
}
