import { h } from "../dom";
import type { ProposalRow, Requests } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { rejectBox } from "./rejectbox";
import { splitButton } from "./splitbutton";

interface Edited {
  text: string;
  negative: string;
}

interface Options {
  row: ProposalRow;
  /** The prompt as the person edited it; null where it is as proposed. */
  edited: () => Edited | null;
  edit: (open: boolean) => void;
}

export interface Decision {
  element: HTMLElement;
  accept: (regenerate?: Requests["accept"]["regenerate"]) => void;
}

/** The buttons under a proposal: accept in three ways, edit first, or reject and perhaps say why. */
export function decision({ connection, notices }: Scope, { row, edited, edit }: Options): Decision {
  const where = `proposal:${row.id}`;
  const element = h("div.dc-decision", { role: "group", label: "Your decision" });
  const freeze = (frozen: boolean) => {
    for (const each of element.querySelectorAll("button")) each.disabled = frozen;
  };
  const decide = async <N extends "accept" | "reject">(name: N, args: Requests[N]) => {
    notices.clear(where);
    freeze(true);
    if (!(await connection.act(name, args, where))) freeze(false);
  };
  const accept: Decision["accept"] = (regenerate = "no") => {
    const { text = null, negative = null } = edited() ?? {};
    void decide("accept", { proposal: row.id, text, negative, regenerate });
  };
  const reject = (reason: string) => void decide("reject", { proposal: row.id, reason });
  const editing = button({
    action: "edit-proposal",
    label: "Edit the prompt before you accept it",
    icon: "edit",
    text: "Edit",
    click: () => edit(true),
  });
  const discard = button({
    action: "discard-edit",
    label: "Leave the prompt as it was proposed",
    text: "Discard",
    click: () => edit(false),
  });
  element.append(
    acceptButton(row, accept),
    editing,
    discard,
    h("span.dc-spring"),
    ...(row.improved ? rejectBox("proposal", reject) : [dismissButton(reject)]),
  );
  if (connection.store.get("info").read_only) freeze(true);
  return { element, accept };
}

function acceptButton(row: ProposalRow, accept: Decision["accept"]): HTMLElement {
  const main = {
    action: "accept",
    label: row.improved ? "Accept: use this prompt from now on" : "Use the best prompt that was tried",
    text: row.improved ? "Accept" : "Use it anyway",
    ...(row.improved && { icon: "check" as const, kind: "primary" as const }),
    click: () => accept("no"),
  };
  const replace = {
    action: "accept-replace",
    label: "Accept, make as many pictures as the old prompt did, and hide those of the old prompt",
    text: "Accept and replace its pictures",
    click: () => accept("replace"),
  };
  const add = {
    action: "accept-add",
    label: "Accept, make as many pictures as the old prompt did, and keep those too",
    text: "Accept and add pictures",
    click: () => accept("add"),
  };
  return splitButton(main, [replace, add]);
}

function dismissButton(reject: (reason: string) => void): HTMLElement {
  return button({
    action: "dismiss-proposal",
    label: "Keep the prompt as it is",
    text: "Dismiss",
    click: () => reject(""),
  });
}
