import { h } from "../dom";
import { lateImage } from "../lateimage";
import type { ClassRow, Requests, SuggestionRow } from "../protocol";
import type { Scope } from "../scope";
import { select } from "../selecting";
import { button } from "./button";
import { rejectBox } from "./rejectbox";

const SHOWN = 5;

type Decisions = "generate_suggestion" | "collect_suggestion" | "reject_suggestion" | "take_collected";

/** What should come next for a class, what comes nearest to it already, and the buttons to get it or turn it down. */
export function suggestionCard(
  { connection, notices }: Scope,
  { id, text, nearest, gain_words, note, folder }: SuggestionRow,
  { name }: ClassRow,
): HTMLElement {
  const { store, thumbnails, ui } = connection;
  const { read_only, folder: home } = store.get("info");
  const where = `suggestion:${id}`;
  const decide = async <N extends Decisions>(what: N, args: Requests[N]) => {
    notices.clear(where);
    card.inert = true; // until the card of what came of it takes its place
    const reply = await connection.act(what, args, where);
    const message = reply?.result;
    card.inert = !!reply && !message;
    if (message) ui.emit("notice", { where, kind: "done", message: String(message) });
  };
  const suggestion = { suggestion: id };
  const images = nearest
    .slice(0, SHOWN)
    .map((picture, i) => lateImage(thumbnails.picture(picture), { alt: `Nearest picture ${i + 1}` }));
  const generate = button({
    action: "generate-suggestion",
    label: "Make it a prompt of the class, and ten pictures with it",
    text: "Generate these",
    kind: "primary",
    click: () => void decide("generate_suggestion", suggestion),
  });
  const collect = button(
    folder
      ? {
          action: "take-collected",
          label: "Import the pictures that were put into the folder",
          text: "Import",
          click: () => void decide("take_collected", {}),
        }
      : {
          action: "collect",
          label: "Make a folder to put such pictures into",
          text: "I will collect them",
          click: () => void decide("collect_suggestion", suggestion),
        },
  );
  const [reject, box] = rejectBox(
    "suggestion",
    (reason) => void decide("reject_suggestion", { ...suggestion, reason }),
  );
  for (const each of [generate, collect, reject]) each.toggleAttribute("disabled", read_only);
  const card = h(
    "article.dc-proposal",
    { "data-suggestion": id, label: `Suggestion for ${name}` },
    h("div.dc-proposal-head", h("b", h("i.dc-dot"), name), reject, box),
    h("p.dc-template", text),
    h("p.dc-note", { title: note }, gain_words),
    h(
      "div.dc-strip",
      h(
        "button.dc-link",
        {
          title: "Select the pictures of the class that come nearest to it",
          "data-action": "select-nearest",
          on: { click: () => select(connection, nearest) },
        },
        "Nearest",
      ),
      ...images,
    ),
    folder && h("p.dc-note", "Put pictures into ", h("code", home && `${home}/`, folder)),
    notices.slot(where),
    h("div.dc-decision", { role: "group", label: "Your decision" }, generate, collect),
  );
  return card;
}
