import type { CandidateRow, TurnRow } from "../protocol";
import type { Scope } from "../scope";
import { dialog } from "./dialog";
import { button, counted, h, icon, roving, switchOf } from "./kit";

const BATCH = 24;

const MODES = [
  {
    value: "also",
    text: "The proposed, and more",
    hint: "Pick all that the rule proposes; add others as you like",
  },
  {
    value: "instead",
    text: "Only mine",
    hint: "Pick none that the rule proposes; only those that you pick yourself",
  },
] as const;

/** The person's turn in a personalisation: what the last round drew, by anchor, and which of it to learn from next. */
export async function picker(scope: Scope, { token, round, rounds, kind }: TurnRow): Promise<void> {
  const { connection, notices } = scope;
  const { store } = connection;
  const opened = dialog(scope, "picker", `${token}: round ${round} of ${rounds}`);
  if (!opened) return;
  const { box, signal, close } = opened;
  const turn = { token, turn: round };
  const aim =
    kind === "object"
      ? "Pick those that show your subject as it is, and in the place that was asked for."
      : "Pick those that are drawn in your style, and show what was asked for.";
  const sheets = h("div.dc-sheets", h("p.dc-empty", "Loading …"));
  const count = h("span.dc-note", { role: "status" });
  box.append(
    h("p", `These were drawn after round ${round}. ${aim} The next round learns from them too.`),
    notices.slot("studio"),
    sheets,
  );

  const reply = await connection.act("candidates", turn, "studio");
  if (!reply || signal.aborted) return;
  const rows = reply.result as CandidateRow[];
  const proposed = rows.filter((row) => row.proposed).map(({ id }) => id);
  const picked = new Set(proposed);
  const cells = new Map(rows.map((row, i) => [row.id, cell(row, i)]));

  function cell(row: CandidateRow, i: number): HTMLButtonElement {
    const marks = [
      row.proposed && h("span.dc-mark", { title: "The rule proposes it" }, icon("spark")),
      row.overfitted && h("span.dc-mark.dc-over", icon("warning")),
    ];
    const words = [
      `Picture ${i + 1}`,
      row.proposed && "proposed",
      row.overfitted &&
        "overfitted: it shows what was beside the subject in your pictures, not what was asked for",
      `similarity to the words ${row.faithful.toFixed(2)}`,
    ].filter((word) => !!word);
    return h(
      "button.dc-candidate",
      {
        "data-candidate": row.id,
        "data-overfitted": row.overfitted,
        label: words.join(", "),
        title: words.join("; "),
        on: {
          click: () => {
            if (!picked.delete(row.id)) picked.add(row.id);
            refresh();
          },
        },
      },
      h("img.dc-loading", { alt: "", draggable: "false" }),
      h("span.dc-tick", icon("check")),
      ...marks,
    );
  }

  const mode = switchOf("Learn from", MODES, (value) => {
    for (const id of proposed) value === "also" ? picked.add(id) : picked.delete(id);
    refresh();
  });
  const send = async (ids: number[], instead: boolean) => {
    notices.clear("studio");
    box.inert = true;
    const sent = await connection.act("choose_candidates", { ...turn, candidates: ids, instead }, "studio");
    box.inert = false;
    if (sent) close();
  };
  const go = button({
    action: "go-on",
    label: "Train the next round with the picked pictures",
    text: "Go on",
    kind: "primary",
    click: () => {
      const all = proposed.every((id) => picked.has(id));
      void send(all ? [...picked].filter((id) => !proposed.includes(id)) : [...picked], !all);
    },
  });
  const end = button({
    action: "end-rounds",
    label: "Leave it at what was learned so far: no more rounds",
    text: "End with what was learned",
    click: () => void send([], true),
  });
  const refresh = () => {
    for (const [id, each] of cells) each.ariaPressed = String(picked.has(id));
    mode.choose(proposed.every((id) => picked.has(id)) ? "also" : "instead");
    go.disabled = !picked.size;
    count.textContent = picked.size
      ? `${counted(picked.size, "picture")} picked`
      : "Pick a picture, or end it";
  };

  const anchors = [...new Set(rows.map(({ anchor }) => anchor))];
  const hasProposed = (anchor: string) => rows.some((row) => row.proposed && row.anchor === anchor);
  anchors.sort((a, b) => Number(hasProposed(b)) - Number(hasProposed(a)));
  sheets.replaceChildren(
    ...anchors.map((anchor) => {
      const mine = rows.filter((row) => row.anchor === anchor);
      const over = mine.filter(({ overfitted }) => overfitted).length;
      const group = h(
        "div.dc-candidates",
        { role: "group", label: anchor },
        ...mine.map(({ id }) => cells.get(id)!),
      );
      roving(group, "button");
      const note = over > 0 && h("span.dc-note", `${over} of ${mine.length} overfitted`);
      return h("section", h("h3", { dir: "auto" }, anchor, note), group);
    }),
  );
  const legend = h(
    "p.dc-note.dc-legend",
    h(
      "span",
      icon("spark"),
      "proposed by the rule: the best of the directions that the generator is least sure of",
    ),
    h(
      "span",
      icon("warning"),
      "overfitted: shows what was beside the subject in your pictures, rather than what was asked for",
    ),
  );
  box.append(legend, h("footer", mode.element, count, end, go));
  refresh();
  sheets.querySelector("button")?.focus();

  const stale = () => {
    const waits = store.get("turns").some((each) => each.token === token && each.round === round);
    if (!waits) close();
  };
  store.on("turns", stale, signal);

  const urls: string[] = [];
  signal.addEventListener("abort", () => {
    for (const url of urls) URL.revokeObjectURL(url);
  });
  for (let at = 0; at < rows.length && !signal.aborted; at += BATCH) {
    const ids = rows.slice(at, at + BATCH).map(({ id }) => id);
    const found = await connection.act("candidate_pictures", { ...turn, candidates: ids }, "studio");
    if (!found || signal.aborted) return;
    ids.forEach((id, i) => {
      const bytes = found.buffers[i] as DataView<ArrayBuffer> | undefined;
      const image = cells.get(id)!.querySelector("img")!;
      image.classList.remove("dc-loading");
      if (!bytes?.byteLength) return;
      urls.push(URL.createObjectURL(new Blob([bytes])));
      image.src = urls.at(-1)!;
    });
  }
}
