import { h } from "../dom";
import type { GenerationRow, ProposalRow } from "../protocol";
import { hundredths } from "../scale";
import { termHint, termName } from "../terms";
import { chart } from "./chart";

/** What the search did, folded away: the terms of its objective, its score over the generations, what it took. */
export function searchDetails(row: ProposalRow): HTMLElement | null {
  const generations = row.generations.filter(({ score }) => score !== null);
  const terms = Object.keys(row.terms.after);
  if (!terms.length && generations.length < 2) return null;
  const plot = h("div.dc-search-plot");
  const draw = () => {
    if (!details.open || plot.childElementCount || generations.length < 2) return;
    scoreChart(generations, plot);
  };
  const details = h(
    "details.dc-more.dc-search",
    { on: { toggle: draw } },
    h("summary", "Details"),
    terms.length > 0 && termTable(row, terms),
    plot,
    row.proxies > 0 && h("p.dc-note", `${row.proxies} pictures were made for the search.`),
  );
  return details;
}

function termTable({ terms, weights }: ProposalRow, names: string[]): HTMLElement {
  const number = (value: number | undefined) => (value === undefined ? "–" : hundredths(value));
  const head = ["Counts", "Weight", "Before", "After"].map((text) => h("th", { scope: "col" }, text));
  return h(
    "table.dc-terms",
    h("thead", h("tr", ...head)),
    h(
      "tbody",
      ...names.map((name) =>
        h(
          "tr",
          { title: termHint(name) },
          h("th", termName(name)),
          h("td", name in weights ? `× ${weights[name]}` : ""),
          h("td", number(terms.before[name])),
          h("td", h("b", number(terms.after[name]))),
        ),
      ),
    ),
  );
}

function scoreChart(generations: GenerationRow[], place: HTMLElement): void {
  const prompt = h("p.dc-note");
  const last = generations[generations.length - 1].number;
  const score = chart({
    title: "Score",
    hint: "How well the pictures of the best prompt so far follow your feedback. Higher is better.",
    better: "higher",
    round: (number) => `generation ${number}`,
    onRound: (at) => show(at),
  });
  const show = (at: number | null) => {
    const row = generations.find(({ number }) => number === (at ?? last));
    if (row) {
      const { proxies, template, negative } = row;
      prompt.textContent = `After ${proxies} pictures: ${template}${negative && `, not ${negative}`}`;
    }
    score.mark(at);
  };
  const points = generations.map(({ number, score: value }) => ({ iteration: number, value: value ?? 0 }));
  place.append(score.element, prompt);
  score.draw([{ name: "score", colour: null, points }], [generations[0].number, last]);
  show(null);
}
