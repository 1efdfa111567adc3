import type { EditCandidate, PictureEdit, PictureRow, Requests, Wish } from "../protocol";
import type { Scope } from "../scope";
import { dialog } from "./dialog";
import { type Acts, choice } from "./editing/choice";
import { publishing } from "./editing/publishing";
import { stage } from "./editing/stage";
import { strip } from "./editing/strip";
import { beginning, newestStep, trailOf, trailThrough } from "./editing/trails";
import { wishForm } from "./editing/wishform";
import { gallery } from "./gallery";
import { button, compareBox, counted, h, lateImage, roving } from "./kit";
import { latePictures } from "./latepictures";

const MOST = 24;
const SIZE = 512;

/** Where pictures are edited: the wish and the paint, what editors make of it, the choice, and the steps so far. */
export async function editing(scope: Scope, given: readonly number[]): Promise<void> {
  const { connection, notices } = scope;
  const { store, ui, thumbnails } = connection;
  const ids = given.slice(0, MOST);
  const opened = dialog(scope, "editing", "Edit");
  if (!opened) return;
  const { box, head, signal, close } = opened;
  const candidate = latePictures(
    (candidates: number[]) => connection.request("edit_pictures", { candidates, size: SIZE }, "studio"),
    signal,
  );
  const others = [...new Set([...ids, ...ui.selection])].slice(0, MOST);

  let picture = ids[0];
  let at: number | null = null;
  let rows: PictureEdit[] = [];
  const drawn = { base: "", ways: "", choice: "" };
  const sheets = new Map<number, PictureRow>();

  const act = async <N extends keyof Requests>(
    name: N,
    args: Requests[N],
    done?: (result: unknown) => string,
  ) => {
    notices.clear("studio");
    const reply = await connection.act(name, args, "studio");
    if (signal.aborted || !reply) return false;
    if (done) ui.emit("notice", { where: "studio", kind: "done", message: done(reply.result) });
    void read();
    return true;
  };

  // -- what there is -----------------------------------------------------------------------------------

  let [asking, stale] = [false, false];
  /** The latest edit when a wish was sent: the one that comes of it is shown as soon as it is there. */
  let sent: number | null = null;
  const read = async () => {
    if (asking) {
      stale = true;
      return;
    }
    asking = true;
    const reply = await connection.act("edit_rows", { ids }, "studio");
    asking = false;
    if (signal.aborted || !reply) return;
    rows = reply.result as PictureEdit[];
    const mine = rows.filter(({ id, picture_id }) => picture_id === picture && id > (sent ?? id));
    if (mine.length) {
      at = Math.max(...mine.map(({ id }) => id));
      sent = null;
    }
    if (at !== null && !rows.some(({ id }) => id === at)) at = null;
    render();
    if (stale) {
      stale = false;
      void read();
    }
  };
  const go = (step: number | null) => {
    at = step;
    render();
  };
  const turnTo = async (id: number) => {
    if (!sheets.has(id)) {
      const reply = await connection.act("picture", { picture: id }, "studio");
      if (signal.aborted || !reply) return;
      sheets.set(id, reply.result as PictureRow);
    }
    picture = id;
    at = newestStep(rows, id);
    render();
  };

  // -- what is wished ----------------------------------------------------------------------------------

  const paper = stage(() => {});
  const whole = h("input", { type: "checkbox", name: "all", checked: true, on: { change: () => render() } });
  const all = h("label.dc-check", whole, `All ${ids.length} pictures at once`);
  const send = async (wish: Wish) => {
    const base = beginning(rows, at);
    sent = Math.max(0, ...rows.map(({ id }) => id));
    const wanted = whole.checked ? ids : [picture];
    const taken = base
      ? await act("edit_further", { ...wish, edit: base.id })
      : await act("edit", { ...wish, ids: [...wanted] });
    if (!taken) sent = null;
    return taken;
  };
  const form = wishForm({ scope, others, signal, mask: paper.mask, send });

  // -- what came of it ---------------------------------------------------------------------------------

  const before = (row: PictureEdit) =>
    row.from === null ? thumbnails.picture(row.picture_id, SIZE) : candidate(row.from);
  const acts = (row: PictureEdit): Acts => ({
    picture: candidate,
    compare: ({ id, letter }: EditCandidate) =>
      compareBox(scope, [
        [
          { title: "Before", image: before(row) },
          { title: `Candidate ${letter}: ${row.instruction}`, image: candidate(id) },
        ],
      ]),
    choose: (args) => void act("choose_edit", args),
    accept: () => void act("accept_edit", { edit: row.id }, (id) => `In the data set, as picture ${id}.`),
    show: (id) => {
      close();
      ui.emit("sheet", id);
    },
    stop: () => void act("stop_edit", { edit: row.id }),
  });

  // -- the steps so far --------------------------------------------------------------------------------

  const link = (action: string, text: string, label: string, click: () => void) =>
    button({ action, label, text, disabled: store.get("info").read_only, click });
  const ways = () => {
    const trail = trailThrough(rows, picture, at);
    const last = trail.at(-1);
    const row = trail.find(({ id }) => id === at);
    const elsewhere = others.filter((id) => id !== picture);
    const accepted = rows.filter((each) => each.accepted !== null).map(({ id }) => id);
    const label = "Go back to here: what came after is put aside, and kept as a branch. Undo brings it back";
    return [
      last &&
        last.id !== at &&
        !last.aside &&
        link("revert", "Go back to here", label, () => void act("revert_edit", { edit: last.id, step: at })),
      row?.aside &&
        link("take-up", "Take up again", "Go on with this branch", () => {
          void act("revert_edit", { edit: row.id, step: row.id });
        }),
      row?.chosen &&
        elsewhere.length > 0 &&
        link(
          "replay",
          `Replay on ${counted(elsewhere.length, "picture")}`,
          "Do the steps up to here on the other selected pictures, with the editors that were chosen",
          () =>
            void act(
              "replay_edit",
              { edit: row.id, ids: elsewhere },
              () => "The steps are being done on the others.",
            ),
        ),
      row?.chosen &&
        !store.get("info").read_only &&
        publishing(
          row.id,
          trailOf(rows, row.id).map(({ instruction }) => instruction),
          (args) => void act("publish_edit", args, () => "Published. It stands in the gallery."),
        ),
      accepted.length > 0 &&
        link(
          "teach-prompt",
          "Teach the prompt",
          `Look for a prompt that makes such pictures at once, from ${counted(accepted.length, "accepted edit")}`,
          () =>
            void act(
              "teach_prompt",
              { edits: accepted },
              () => "Looking for a prompt. It will stand in Prompts.",
            ),
        ),
    ];
  };

  // -- all of it ---------------------------------------------------------------------------------------

  const strips = h("div");
  const steps = h("div.dc-actions.dc-ways");
  const made = h("div");
  const tabs = h("div.dc-edit-pictures", { role: "group", label: "Pictures" });
  const chips = ids.map((id) =>
    h(
      "button.dc-kin",
      {
        "data-edit-picture": id,
        title: `Picture ${id}`,
        label: `Picture ${id}`,
        on: { click: () => void turnTo(id) },
      },
      lateImage(thumbnails.picture(id), { alt: "", draggable: "false" }),
    ),
  );
  tabs.append(...chips);
  roving(tabs, "button");
  tabs.hidden = ids.length < 2;
  const title = head.firstElementChild!;
  const note = h("span.dc-note", given.length > MOST && `the first ${MOST} of ${given.length} pictures`);
  const published = button({
    action: "open-gallery",
    label: "Gallery: edits that were published",
    text: "Gallery",
    click: () => {
      close();
      void gallery(scope);
    },
  });
  head.append(note, published);
  box.append(
    notices.slot("studio"),
    notices.slot("edits"),
    h(
      "div.dc-bench",
      h("div.dc-bench-side", tabs, paper.element),
      h("div.dc-bench-side", strips, steps, made, form.element, all),
    ),
  );

  const render = () => {
    const row = rows.find(({ id }) => id === at);
    const base = beginning(rows, at);
    const sheet = sheets.get(picture);
    title.textContent = `Edit picture ${picture}${sheet?.class ? ` · ${sheet.class}` : ""}`;
    for (const [i, chip] of chips.entries()) {
      const waits = rows.some((each) => each.picture_id === ids[i] && each.state === "open" && !each.aside);
      chip.ariaPressed = String(ids[i] === picture);
      chip.toggleAttribute("data-mark", waits);
      chip.title = `Picture ${ids[i]}${waits ? ", waits for your choice" : ""}`;
      chip.ariaLabel = chip.title;
    }
    const focused = strips.querySelector<HTMLElement>(":focus")?.dataset.step;
    const origin = thumbnails.picture(picture);
    strips.replaceChildren(strip({ rows, picture, at, origin, candidate, go }));
    if (focused) strips.querySelector<HTMLElement>(`[data-step="${focused}"]`)?.focus();
    const facts = rows.map(({ id, state, aside, chosen, accepted }) => [id, state, aside, chosen, accepted]);
    const known = JSON.stringify([picture, at, facts]);
    if (known !== drawn.ways) steps.replaceChildren(...ways().filter((way) => !!way)); // a box may be open in it
    drawn.ways = known;

    const key = base ? `candidate ${base.chosen}` : `picture ${picture}`;
    if (sheet && key !== drawn.base) {
      drawn.base = key;
      const image = base ? candidate(base.chosen!) : thumbnails.picture(picture, SIZE);
      const name = base ? `Picture ${picture} after “${base.instruction}”` : `Picture ${picture}`;
      paper.show(image, name, Number(sheet.width) || 1, Number(sheet.height) || 1);
    }
    all.hidden = !!base || ids.length < 2;
    const many = !base && whole.checked && ids.length > 1;
    form.about(
      base ? `What to change next, after “${base.instruction}”` : "What to change",
      base ? "Change it further" : many ? `Change ${ids.length} pictures` : "Change it",
      picture,
    );

    const signature = JSON.stringify(row ?? null);
    if (signature === drawn.choice) return;
    drawn.choice = signature;
    const held = made.querySelector<HTMLElement>(":focus")?.dataset.action;
    made.replaceChildren(...(row ? [choice(row, store.get("info").read_only, acts(row))] : []));
    const again = held && made.querySelector<HTMLElement>(`[data-action="${held}"]:enabled`);
    if (again) again.focus();
    else if (held) made.querySelector<HTMLElement>("button:enabled")?.focus();
  };

  await turnTo(picture);
  if (signal.aborted) return;
  await read();
  if (signal.aborted) return;
  go(newestStep(rows, picture));
  store.on("edits", () => void read(), signal);
  store.on("info", form.refresh, signal);
  form.focus();
}
