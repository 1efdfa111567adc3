import { h } from "../dom";
import { icon } from "../icons";
import { lateImage } from "../lateimage";
import type { FlagRow, PictureRow } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";

/** One picture in full: where it comes from, how it was made, the words on it. */
export function provenanceSheet({ connection, signal, notices }: Scope): HTMLElement {
  const sheet = h("div", {
    class: "dc-sheet",
    attrs: { hidden: true, role: "dialog", "aria-label": "Provenance" },
  });
  const close = () => {
    sheet.hidden = true;
  };
  const open = async (id: number) => {
    const reply = await connection.act("picture", { picture: id }, "detail");
    if (!reply || signal.aborted) return;
    const row = reply.result as PictureRow;
    const image = lateImage(connection.thumbnails.picture(id, 256), { alt: `Picture ${id}` });
    const restore = button({
      action: "restore",
      label: "Take the picture out of the recycle bin",
      text: "Restore",
      click: () => void connection.act("restore", { ids: [id] }, "detail").then((done) => done && close()),
    });
    restore.hidden = !row.hidden;
    const shut = button({ action: "close-sheet", label: "Close", icon: "close", click: close });
    const parts = [
      h(
        "div",
        { class: "dc-sheet-head" },
        h("b", {}, `${row.class ?? "Picture"} · ${row.origin}`),
        restore,
        shut,
      ),
      notices.slot("sheet"),
      row.flagged && wrong(row),
      image,
      facts(row),
    ];
    sheet.replaceChildren(...parts.filter((part) => !!part));
    sheet.hidden = false;
    shut.focus();
  };
  /** What is wrong with the picture, and the way to keep it all the same. */
  const wrong = ({ id, flags }: PictureRow): HTMLElement => {
    const rows = flags as FlagRow[];
    const twins = [...new Set(rows.flatMap(({ of }) => (of === null ? [] : [of])))];
    const keep = button({
      action: "keep",
      label: "Keep anyway: take the mark away, so that the picture is exported",
      text: "Keep anyway",
      click: () => void connection.act("keep", { ids: [id] }, "detail").then((done) => done && open(id)),
    });
    keep.disabled = connection.store.get("info").read_only;
    const show = (twin: number) =>
      button({
        action: "show-twin",
        label: `Show picture ${twin}`,
        text: `Picture ${twin}`,
        click: () => connection.ui.emit("sheet", twin),
      });
    return h(
      "div",
      { class: "dc-wrong" },
      h("p", {}, icon("warning"), rows.map(({ words }) => words).join("; ") || "flagged"),
      h("div", { class: "dc-actions" }, keep, ...twins.map(show)),
    );
  };
  sheet.addEventListener("keydown", (event) => event.key === "Escape" && close(), { signal });
  connection.ui.on("sheet", (id) => void open(id), signal);
  connection.ui.on("selection", close, signal);
  return sheet;
}

function facts(row: PictureRow): HTMLElement {
  const made = (row.provenance ?? {}) as Record<string, unknown>;
  const list = h("dl", { class: "dc-facts" });
  const add = (name: string, value: unknown) => {
    if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length))
      return;
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    list.append(h("dt", {}, name), h("dd", {}, text));
  };
  add("Prompt", made.prompt);
  add("Not", made.negative_prompt);
  add("Template", made.template);
  add("Content labels", row.labels);
  add("Seed", made.seed);
  add("Parent", made.parent_id && `picture ${made.parent_id}`);
  add("Strength", made.parent_id ? made.strength : null);
  add("Guidance", made.guidance_scale);
  add("Steps", made.num_inference_steps);
  add("Model", made.model);
  add("Revision", made.model_revision);
  add("Source", row.source);
  add("Size", row.width && `${row.width} × ${row.height}`);
  add("Round", row.iteration);
  add("Made", made.created_at ?? row.created_at);
  add("Picture", row.id);
  return list;
}
