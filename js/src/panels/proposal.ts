import { asked } from "../asked";
import { h } from "../dom";
import { lateImage } from "../lateimage";
import type { ProposalRow } from "../protocol";
import { gainText, hundredths } from "../scale";
import type { Scope } from "../scope";
import { wordDiff } from "../worddiff";
import { decision } from "./decision";
import { compareBox } from "./detail/comparebox";
import { editList } from "./edits";
import { searchDetails } from "./searchdetails";
import { templateForm } from "./templateform";

const SHOWN = 5;

/**
 * A proposed prompt: what was asked for, what changes, what comes of it and why, and the buttons to decide. While its
 * search runs it only says so: the job above it stops it.
 */
export function proposalCard(scope: Scope, row: ProposalRow, onEdit: (open: boolean) => void): HTMLElement {
  const card = h("article.dc-proposal", {
    "data-proposal": row.id,
    "data-state": row.state,
    "data-improved": String(row.improved),
    label: "Proposed prompt",
  });
  if (row.state === "running") {
    card.append(
      h("div.dc-proposal-head", h("b", asked(row))),
      h("div.dc-busy", h("div.dc-progress", h("i"))),
      h("p.dc-note.dc-searching", "Looking for a better prompt …"),
      h("p.dc-note.dc-cut-off", "The search was cut off. Resume goes on with it."),
    );
    return card;
  }
  const prompt = h("div.dc-proposal-prompt");
  let form: ReturnType<typeof templateForm> | null = null;
  const edit = (open: boolean) => {
    onEdit(open);
    card.toggleAttribute("data-editing", open);
    form = open
      ? templateForm({
          text: row.after,
          negative: row.negative_after,
          submit: () => choice.accept(),
          cancel: () => edit(false),
        })
      : null;
    prompt.replaceChildren(...(form ? [form.element] : diffs(row)));
    form?.focus();
  };
  const choice = decision(scope, { row, edited: () => form?.value() ?? null, edit });
  prompt.append(...diffs(row));
  const parts = [
    head(row),
    verdict(row),
    prompt,
    strip(scope, "Before", row.before_refs, row.score_before),
    strip(scope, "After", row.after_refs, row.score_after),
    comparing(scope, row),
    editList(row.edits),
    reasons(row),
    searchDetails(row),
    scope.notices.slot(`proposal:${row.id}`),
    choice.element,
  ];
  card.append(...parts.filter((part) => part !== null));
  return card;
}

function head(row: ProposalRow): HTMLElement {
  const { gain, standard_error } = row;
  const error = standard_error === null ? "" : ` ± ${hundredths(standard_error)}`;
  return h(
    "div.dc-proposal-head",
    h("b", asked(row)),
    gain !== null &&
      h(
        "span.dc-gain",
        {
          title: `How much better its pictures follow your feedback, compared seed by seed: ${gainText(gain)}${error} standard deviations`,
          "data-good": row.improved && row.confirmed,
        },
        h("b", gainText(gain)),
        error,
      ),
  );
}

function verdict({ improved, confirmed }: ProposalRow): HTMLElement | null {
  const stopped = "The search was stopped: compared on few pictures.";
  if (improved) return confirmed ? null : h("p.dc-verdict", stopped);
  const text = "No better prompt found. The best tried:";
  return h("p.dc-verdict", confirmed ? text : `${stopped} ${text}`);
}

function diffs(row: ProposalRow): HTMLElement[] {
  const lines = [diff(row.before, row.after)];
  if (row.negative_before || row.negative_after) {
    const line = diff(row.negative_before, row.negative_after);
    line.prepend(h("span.dc-negative", "not "));
    lines.push(line);
  }
  return lines;
}

function diff(before: string, after: string): HTMLElement {
  const line = h("p.dc-template.dc-diff");
  for (const { kind, text } of wordDiff(before, after)) {
    if (kind === "same") line.append(text);
    else {
      const word = text.trimEnd();
      line.append(h(kind === "new" ? "ins" : "del", {}, word), text.slice(word.length));
    }
  }
  return line;
}

function strip(
  { connection }: Scope,
  name: "Before" | "After",
  refs: ProposalRow["before_refs"],
  score: number | null,
): HTMLElement | null {
  if (!refs.length && score === null) return null;
  const hint = "How well the pictures of the prompt follow your feedback: higher is better";
  const caption = h("span", { title: hint }, name, score !== null && h("b", hundredths(score)));
  const images = refs
    .slice(0, SHOWN)
    .map((ref, i) => lateImage(connection.thumbnails.proxy(ref), { alt: `${name}, sample ${i + 1}` }));
  return h("div", { class: `dc-strip dc-strip-${name.toLowerCase()}` }, caption, ...images);
}

/** Opens the pictures of both prompts pair by pair: each pair shares a seed. */
function comparing(
  scope: Scope,
  { before_refs: before, after_refs: after }: ProposalRow,
): HTMLElement | null {
  const count = Math.min(before.length, after.length);
  if (!count) return null;
  const side = (title: string, ref: number) => ({
    title,
    image: scope.connection.thumbnails.proxy(ref),
  });
  const pairs = () =>
    before.slice(0, count).map((ref, i) => [side("Before", ref), side("After", after[i])] as const);
  return h(
    "button.dc-link",
    {
      title: "Compare the pictures before and after, seed by seed",
      "data-action": "compare-proxies",
      on: { click: () => compareBox(scope, pairs()) },
    },
    "Compare",
  );
}

function reasons({ reasons: texts }: ProposalRow): HTMLElement | null {
  if (!texts.length) return null;
  return h("ul.dc-reasons", ...texts.map((text) => h("li", text)));
}
