import { arrange } from "../arrange";
import { h } from "../dom";
import { isPending } from "../pending";
import type { Scope } from "../scope";
import { button } from "./button";
import { frame } from "./frame";
import { jobList } from "./jobs";
import { keptCards } from "./keptcards";
import { suggestionCard } from "./suggestion";

/** Suggestions: what should come next, class by class, to generate or to collect. */
export function suggestionsPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices, colours } = scope;
  const { store, ui } = connection;
  const { element, header, body } = frame("suggestions", "Suggestions");
  const go = button({
    action: "suggest",
    label: "Suggest what further pictures would help most, of the classes that are shown",
    text: "Suggest",
    click: () => {
      notices.clear("suggestions");
      const { classes } = ui;
      void connection.act("suggest", { classes: classes.size ? [...classes] : null }, "suggestions");
    },
  });
  const list = h("div.dc-cards");
  const none = h("p.dc-empty", "Suggest says which further pictures would help a classifier most.");
  header.append(h("span.dc-panel-note"), go);
  body.append(jobList(scope, "suggestions"), notices.slot("suggestions"), list);
  const { card } = keptCards();
  const render = () => {
    const { classes, read_only } = store.get("info");
    const cards = store.get("suggestions").flatMap((row) => {
      const place = classes.findIndex(({ id }) => id === row.class_id);
      const owner = classes[place];
      if (!owner || (ui.classes.size && !ui.classes.has(owner.id))) return [];
      const made = card(`${row.id}`, [row, read_only, owner.name], () => suggestionCard(scope, row, owner));
      made.style.setProperty("--class", colours()[place]);
      return made;
    });
    arrange(list, cards.length ? cards : [none]);
    const busy = store.get("jobs").some((job) => job.kind === "suggest" && isPending(job));
    go.disabled = busy || read_only || !classes.length;
  };
  for (const table of ["suggestions", "info", "jobs"] as const) store.on(table, render, signal);
  ui.on("classes", render, signal);
  scope.root.addEventListener("datacrafter-theme", render, { signal });
  render();
  return element;
}
