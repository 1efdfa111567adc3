import { arrange } from "../arrange";
import { h } from "../dom";
import type { ClassRow } from "../protocol";
import { roving } from "../roving";
import type { Scope } from "../scope";
import { selectMode } from "../selecting";
import { button } from "./button";
import { conceptList } from "./concepts";
import { openDraft } from "./draft";
import { frame } from "./frame";
import { jobList } from "./jobs";
import { keptCards } from "./keptcards";
import { proposalCard } from "./proposal";
import { strategyBox } from "./strategybox";
import { teachBox } from "./teachbox";
import { templateCard } from "./templatecard";
import { TemplateMemory } from "./templatememory";
import { turnCard } from "./turncard";

/** Prompts: the templates class by class, and the proposals that feedback led to. */
export function promptsPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices, colours } = scope;
  const { store, ui } = connection;
  const { element, body, header } = frame("prompts", "Prompts");
  const note = h("span.dc-panel-note");
  header.append(note, strategyBox(scope));
  const chips = h("div.dc-class-chips", { role: "group", label: "Classes" });
  const reach = roving(chips, "button");
  const list = h("div.dc-cards");
  const memory = new TemplateMemory();
  body.append(chips, jobList(scope, "prompts"), notices.slot("prompts"), list);

  const { card, kept } = keptCards();

  const render = () => {
    const { classes, concepts, read_only } = store.get("info");
    const proposals = store.get("proposals");
    const turns = store.get("turns");
    const open = proposals.filter(({ state }) => state === "open").length + turns.length;
    note.textContent = open ? `${open} to decide` : "";
    note.classList.toggle("dc-attention", open > 0);
    renderChips(classes);
    const shown = classes.filter((row) => !ui.classes.size || ui.classes.has(row.id));
    // Classes with something to decide come first.
    const waiting = ({ id }: ClassRow) => [...proposals, ...turns].some(({ class_id }) => class_id === id);
    const ordered = [...shown.filter(waiting), ...shown.filter((row) => !waiting(row))];
    const groups = ordered.map((row) => {
      const colour = colours()[classes.indexOf(row)];
      const templates = store
        .get("templates")
        .filter((template) => template.class_id === row.id)
        .sort((a, b) => memory.root(a) - memory.root(b));
      const cards = templates.map((template) =>
        card(`template:${template.id}`, [template, row.word, read_only, colour], (edit) =>
          templateCard(scope, template, row, memory, edit),
        ),
      );
      const mine = proposals
        .filter((proposal) => proposal.class_id === row.id)
        .map((proposal) =>
          card(`proposal:${proposal.id}`, [proposal, read_only], (edit) =>
            proposalCard(scope, proposal, edit),
          ),
        );
      const waits = turns
        .filter(({ class_id }) => class_id === row.id)
        .map((turn) => card(`turn:${turn.token}`, [turn, read_only], () => turnCard(scope, turn)));
      const header = card(`head:${row.id}`, [row.name, read_only, !row.originals, !row.generated], () =>
        head(row),
      );
      const learned = concepts.filter(({ class_id, state }) => class_id === row.id && state === "ready");
      const words =
        learned.length &&
        card(`words:${row.id}`, learned, () => conceptList(learned, (token) => insert(row, token)));
      const none = !templates.length && h("p.dc-empty", "No prompt. Add one to generate this class.");
      const group = card(`group:${row.id}`, null, () =>
        h("section.dc-prompt-group", { "data-prompt-class": row.id }),
      );
      group.style.setProperty("--class", colour);
      const drafts = group.querySelectorAll(":scope > [data-new]");
      arrange(
        group,
        [header, words, ...waits, ...mine, ...cards, none, ...drafts].filter((each) => !!each),
      );
      return group;
    });
    const alive = new Set([
      ...store.get("templates").map(({ id }) => `template:${id}`),
      ...proposals.map(({ id }) => `proposal:${id}`),
    ]);
    for (const key of kept.keys()) if (/^(template|proposal)/.test(key) && !alive.has(key)) kept.delete(key);
    const nothing = "Every class gets a first prompt when its pictures are added.";
    arrange(list, classes.length ? groups : [h("p.dc-empty", nothing)]);
  };

  const renderChips = (classes: ClassRow[]) => {
    const buttons = classes.map((row, i) => {
      const colour = colours()[i];
      const button = card(`chip:${row.id}`, [row.name, colour], () => chip(row, colour));
      button.ariaPressed = String(ui.classes.has(row.id));
      return button;
    });
    arrange(chips, buttons);
    reach();
  };
  const chip = (row: ClassRow, colour: string) =>
    h(
      "button.dc-class-chip",
      {
        title: `Show only ${row.name}`,
        style: { "--class": colour },
        "data-class-chip": row.id,
        on: { click: (event) => ui.toggleClass(row.id, selectMode(event) === "add") },
      },
      row.name,
    );

  const groupOf = (row: ClassRow) => kept.get(`group:${row.id}`)!.element;
  const head = (row: ClassRow): HTMLElement => {
    const add = button({
      action: "add-template",
      label: `Add a prompt for ${row.name}`,
      icon: "plus",
      click: () => openDraft(scope, row, groupOf(row)),
    });
    add.disabled = store.get("info").read_only;
    const { opener, box } = teachBox(scope, row);
    return h("div.dc-prompt-head", h("i.dc-dot"), h("h3", { title: row.name }, row.name), opener, add, box);
  };
  const insert = (row: ClassRow, token: string) => {
    const group = groupOf(row);
    const open = group.querySelector("textarea");
    if (open) open.setRangeText(token, open.selectionStart, open.selectionEnd, "end");
    (open ?? openDraft(scope, row, group, `[a photo of | a sketch of] a ${token}`)).focus();
  };

  store.on("templates", render, signal);
  store.on("proposals", render, signal);
  store.on("turns", render, signal);
  let classSignature = "";
  store.on(
    "info",
    (info) => {
      // Counts change many times a second while generating; the cards only show names.
      const now = JSON.stringify([
        info.classes.map((row) => [row.id, row.name, row.word, !row.originals]),
        info.concepts,
        info.read_only,
      ]);
      if (now === classSignature) return;
      classSignature = now;
      render();
    },
    signal,
  );
  ui.on("classes", render, signal);
  scope.root.addEventListener("datacrafter-theme", render, { signal });
  render();
  return element;
}
