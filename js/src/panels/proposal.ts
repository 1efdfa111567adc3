import { h } from "../dom";
import { lateImage } from "../lateimage";
import type { ProposalRow } from "../protocol";
import { compact } from "../scale";
import type { Scope } from "../scope";
import { wordDiff } from "../worddiff";
import { button } from "./button";

const SHOWN = 5;

/** A recommended prompt: what changes, why, what comes of it, and the two buttons. */
export function proposalCard({ connection, notices }: Scope, row: ProposalRow): HTMLElement {
  const where = `proposal:${row.id}`;
  const decide = (name: "accept" | "reject") => {
    notices.clear(where);
    for (const choice of [accept, reject]) choice.disabled = true;
    void connection.act(name, { proposal: row.id }, where).then((reply) => {
      for (const choice of [accept, reject]) choice.disabled = !!reply;
    });
  };
  const accept = button({
    action: "accept",
    label: "Accept: use this prompt from now on",
    icon: "check",
    text: "Accept",
    kind: "primary",
    click: () => decide("accept"),
  });
  const reject = button({
    action: "reject",
    label: "Reject this proposal",
    text: "Reject",
    click: () => decide("reject"),
  });
  const frozen = connection.store.get("info").read_only || row.state !== "open";
  accept.disabled = frozen;
  reject.disabled = frozen;
  return h(
    "article",
    {
      class: "dc-proposal",
      attrs: { "data-proposal": row.id, "data-state": row.state, "aria-label": "Proposed prompt" },
    },
    h(
      "div",
      { class: "dc-proposal-head" },
      h("b", {}, row.state === "running" ? "Working on it …" : "Proposal"),
      reject,
      accept,
    ),
    notices.slot(where),
    diff(row.before, row.after),
    negative(row),
    strip("Before", row.before_refs, row.score_before),
    strip("After", row.after_refs, row.score_after),
    row.reasons.length > 0 &&
      h("ul", { class: "dc-reasons" }, ...row.reasons.map((reason) => h("li", {}, reason))),
  );

  function strip(name: string, refs: ProposalRow["before_refs"], score: number | null): HTMLElement | null {
    if (!refs.length && score === null) return null;
    const label = "How well the pictures of the prompt follow your feedback: higher is better";
    const caption = h("span", { title: label }, name, score !== null && h("b", {}, compact(score)));
    const images = refs
      .slice(0, SHOWN)
      .map((ref, i) => lateImage(connection.thumbnails.proxy(ref), { alt: `${name}, sample ${i + 1}` }));
    return h("div", { class: `dc-strip dc-strip-${name.toLowerCase()}` }, caption, ...images);
  }
}

function diff(before: string, after: string): HTMLElement {
  const line = h("p", { class: "dc-template dc-diff" });
  for (const { kind, text } of wordDiff(before, after)) {
    if (kind === "same") line.append(text);
    else {
      const word = text.trimEnd();
      line.append(h(kind === "new" ? "ins" : "del", {}, word), text.slice(word.length));
    }
  }
  return line;
}

function negative(row: ProposalRow): HTMLElement | false {
  if (!row.negative_before && !row.negative_after) return false;
  const line = diff(row.negative_before, row.negative_after);
  line.prepend(h("span", { class: "dc-negative" }, "not "));
  return line;
}
