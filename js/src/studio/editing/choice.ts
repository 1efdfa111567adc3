import type { EditCandidate, PictureEdit, Requests } from "../../protocol";
import { button, counted, h, icon, lateImage } from "../kit";
import { saidOf } from "./wishform";

const MARKS = ["not at all", "hardly", "partly", "mostly", "perfectly"];

export interface Acts {
  picture: (candidate: number) => Promise<string | null>;
  compare: (candidate: EditCandidate) => void;
  choose: (args: Requests["choose_edit"]) => void;
  accept: () => void;
  show: (picture: number) => void;
  stop: () => void;
}

/** What the editors made of a wish, the person's choice among it, and once that was made who made what. */
export function choice(row: PictureEdit, frozen: boolean, acts: Acts): HTMLElement {
  const { id, state, candidates, chosen, accepted, feedback } = row;
  const open = !frozen && accepted === null && ["open", "chosen", "declined"].includes(state);
  const unusable = new Set(feedback.unusable ?? []);
  let picked = chosen;

  const unfit: HTMLInputElement[] = [];
  const cells = new Map(candidates.map((each) => [each.id, cell(each)]));
  function cell(each: EditCandidate): HTMLElement {
    const { letter, ready, problem, editor } = each;
    const name = `Candidate ${letter}${editor ? `, by ${editor}` : ""}`;
    const picture = ready
      ? h(
          "button.dc-candidate",
          {
            "data-pick": letter,
            label: name,
            title: open ? `Pick ${letter}` : name,
            disabled: !open,
            on: { click: () => pick(each.id) },
          },
          lateImage(acts.picture(each.id), { alt: "", draggable: "false" }),
          h("span.dc-tick", icon("check")),
        )
      : h("div.dc-candidate.dc-none", problem ?? (state === "running" ? "on its way …" : "not made"));
    const bad = h("input", {
      type: "checkbox",
      checked: unusable.has(each.id),
      disabled: !open,
      on: {
        change: () => {
          if (bad.checked) unusable.add(each.id);
          else unusable.delete(each.id);
          if (bad.checked && picked === each.id) picked = null;
          refresh();
        },
      },
    });
    unfit.push(bad);
    const compare = button({
      action: `compare-${letter}`,
      label: `Compare ${letter} with the picture before`,
      icon: "sets",
      click: () => acts.compare(each),
    });
    return h(
      "figure.dc-made",
      { "data-letter": letter },
      picture,
      h("figcaption", h("b", letter), ready && compare),
      editor && h("span.dc-by", { dir: "auto" }, editor),
      ready && h("label.dc-check", { title: "Offensive, or can't be used" }, bad, "unusable"),
    );
  }
  const pick = (candidate: number) => {
    picked = candidate;
    unusable.delete(candidate);
    const box = cells.get(candidate)?.querySelector<HTMLInputElement>("input");
    if (box) box.checked = false;
    refresh();
  };

  const marks = (name: string, hint: string, value: number | null | undefined) =>
    h(
      "select.dc-select",
      { label: name, title: hint, disabled: !open },
      h("option", { value: "" }, `${name}: –`),
      ...MARKS.map((text, i) => h("option", { value: i + 1, selected: value === i + 1 }, `${name}: ${text}`)),
    );
  const matches = marks("Matches the wish", "How well the chosen one does what was wished", feedback.matches);
  const keeps = marks(
    "Keeps the rest",
    "How well the chosen one keeps the rest of the picture",
    feedback.keeps,
  );
  const words = h("input.dc-input", {
    type: "text",
    label: "What else there is to say",
    placeholder: "What else there is to say",
    maxlength: 1000,
    value: feedback.words ?? "",
    disabled: !open,
  });
  const send = (candidate: number | null) =>
    acts.choose({
      edit: id,
      candidate,
      matches: Number(matches.value) || null,
      keeps: Number(keeps.value) || null,
      unusable: [...unusable],
      words: words.value,
    });
  const choose = button({
    action: "choose-candidate",
    label: "Choose the picked one; then you are told who made which",
    text: "Choose",
    kind: "primary",
    click: () => send(picked),
  });
  const none = button({
    action: "choose-none",
    label: "None of them will do; then you are told who made which",
    text: "None of them",
    click: () => send(null),
  });
  const accept = button({
    action: "accept-edit",
    label: "Take the chosen one into the data set, as a picture that was generated from the edited one",
    text: "Accept into the data set",
    icon: "check",
    kind: "primary",
    click: acts.accept,
  });
  const opinion = h("div.dc-feedback", matches, keeps, words);
  none.hidden = state === "declined";
  const said = [opinion, choose, ...(state === "declined" ? [] : [none])];
  const refresh = () => {
    for (const [candidate, element] of cells) {
      const pressed = element.querySelector("button.dc-candidate");
      if (pressed) pressed.ariaPressed = String(candidate === picked);
    }
    // What was said with a choice stands, unless another one is made.
    const stands = chosen !== null && picked === chosen;
    for (const each of said) each.toggleAttribute("hidden", stands);
    for (const each of unfit) {
      each.disabled = stands || !open;
      each.parentElement?.toggleAttribute("hidden", each.disabled && !each.checked);
    }
    choose.disabled = picked === null;
    accept.hidden = !stands;
  };
  refresh();

  const there = candidates.filter(({ ready, problem }) => ready || problem).length;
  const made = candidates.find((each) => each.id === chosen);
  const told: Record<PictureEdit["state"], string> = {
    running: candidates.length
      ? `${there} of ${candidates.length} there. They come in a random order.`
      : "The wish is being understood …",
    open: candidates.some(({ editor }) => editor)
      ? "Choose one; that you know who made which is noted."
      : "Choose without knowing who made which.",
    chosen: made ? `You chose ${made.letter}, by ${made.editor}.` : "",
    declined: "You chose none of them.",
    withdrawn: "Stopped before there was anything to choose.",
  };
  const stop = button({
    action: "stop-edit",
    label: "Stop: what is there is kept",
    text: "Stop",
    click: acts.stop,
  });
  const settings = made?.parameters && Object.entries(made.parameters);
  return h(
    "section.dc-choice",
    { "data-edit": id, "data-state": state, label: row.instruction },
    h("h3", { dir: "auto" }, `“${row.instruction}”`, row.masked && h("span.dc-note", "within the paint")),
    ...saidOf(row),
    candidates.length > 0 && h("div.dc-mades", ...cells.values()),
    h("div.dc-row", h("span.dc-note", { role: "status" }, told[state]), state === "running" && stop),
    open && opinion,
    open && h("div.dc-actions", choose, none, chosen !== null && accept),
    accepted !== null &&
      h(
        "div.dc-actions",
        button({
          action: "show-accepted",
          label: `Show picture ${accepted}`,
          text: `In the data set: picture ${accepted}`,
          icon: "check",
          click: () => acts.show(accepted),
        }),
      ),
    made &&
      h(
        "details",
        h("summary.dc-note", "How it was made"),
        h(
          "dl.dc-facts",
          h("dt", "Told"),
          h("dd", { dir: "auto" }, made.text ?? ""),
          ...(settings ?? []).flatMap(([name, value]) => [h("dt", name), h("dd", plain(value))]),
        ),
      ),
  );
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a step is called in the strip. */
export function stepName({ instruction, state, candidates }: PictureEdit): string {
  const ready = candidates.filter((each) => each.ready).length;
  const how = {
    running: "at work",
    open: `${counted(ready, "candidate")} to choose from`,
    declined: "none chosen",
  };
  return [instruction, how[state as keyof typeof how], state === "withdrawn" && "stopped"]
    .filter((word) => !!word)
    .join(": ");
}
