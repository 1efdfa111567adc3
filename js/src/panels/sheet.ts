import { h } from "../dom";
import { focusLabel } from "../focus";
import { icon } from "../icons";
import { lateImage } from "../lateimage";
import type { FlagRow, PictureRow } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { comparePictures } from "./detail/comparepictures";
import { facts } from "./detail/facts";
import { variationForm } from "./detail/variations";

const KIN = 24;

/** One picture in full: where it comes from, how it was made, the words on it, and what came of it. */
export function provenanceSheet(scope: Scope): HTMLElement {
  const { connection, signal, notices, root } = scope;
  const { store, ui, thumbnails } = connection;
  const sheet = h("div", {
    class: "dc-sheet",
    hidden: true,
    role: "dialog",
    label: "Provenance",
  });
  let opener: Element | null = null;
  let shown = 0;
  const close = () => {
    if (sheet.hidden) return;
    const focused = sheet.matches(":focus-within");
    sheet.hidden = true;
    shown = 0;
    if (focused && opener instanceof HTMLElement) opener.focus();
  };
  const open = async (id: number) => {
    const before = root.querySelector(":focus");
    const reply = await connection.act("picture", { picture: id }, shown ? "sheet" : "detail");
    if (!reply || signal.aborted) return;
    if (sheet.hidden) opener = before;
    shown = id;
    const row = reply.result as PictureRow;
    const made = (row.provenance ?? {}) as Record<string, unknown>;
    const shut = button({ action: "close-sheet", label: "Close", icon: "close", click: close });
    const parts = [
      h("div", { class: "dc-sheet-head" }, heading(row), ...actions(row, made), shut),
      notices.slot("sheet"),
      row.flagged && wrong(row),
      lateImage(thumbnails.picture(id, 256), { alt: `Picture ${id}` }),
      words("Prompt", made.prompt),
      labels(row),
      variationForm(scope, id, made.perturbation),
      kin(
        made.perturbation === "variation" ? "A variation of" : "Generated from",
        made.parent_id ? [made.parent_id as number] : [],
      ),
      kin("What was generated from it", (row.descendants ?? []) as number[]),
      facts(row),
    ];
    sheet.replaceChildren(...parts.filter((part) => !!part));
    sheet.hidden = false;
    sheet.scrollTop = 0;
    shut.focus();
  };

  const heading = (row: PictureRow) => {
    const at = store.get("info").classes.findIndex(({ id }) => id === row.class_id);
    const mark = h("i", { class: row.origin === "generated" ? "dc-ring" : "dc-dot" });
    const text = `${row.class ?? "Picture"} · ${row.hidden ? "removed" : row.origin}`;
    const name = h("b", { dir: "auto", title: text }, mark, text);
    name.style.setProperty("--class", scope.colours()[at] ?? "gray");
    return name;
  };

  const actions = ({ id, hidden }: PictureRow, { parent_id }: Record<string, unknown>) => {
    const restore = button({
      action: "restore",
      label: "Take the picture out of the recycle bin",
      text: "Restore",
      click: () => void connection.act("restore", { ids: [id] }, "sheet").then((done) => done && close()),
    });
    restore.disabled = store.get("info").read_only;
    const compare = button({
      action: "compare",
      label: "Compare it with the picture that it was generated from",
      text: "Compare",
      click: () => void comparePictures(scope, id),
    });
    return [hidden && restore, !!parent_id && compare];
  };

  const words = (name: string, text: unknown) => {
    if (!text) return null;
    const said = h("p", { dir: "auto" }, String(text));
    const copy = button({
      action: "copy-prompt",
      label: "Copy the prompt",
      icon: "copy",
      click: () =>
        void copied(said).then((message) => ui.emit("notice", { where: "sheet", kind: "done", message })),
    });
    return h("div", { class: "dc-words" }, h("span", {}, name, copy), said);
  };

  const labels = ({ labels: texts }: PictureRow) => {
    const rows = new Map(store.get("labels").map((row) => [row.text, row.id]));
    const chips = (texts as string[] | undefined)?.map((text) => {
      const id = rows.get(text);
      if (id === undefined) return h("span", { class: "dc-chip" }, text);
      const label = `Highlight the pictures with “${text}”`;
      return h(
        "button",
        {
          class: "dc-chip",
          title: label,
          "data-label": text,
          dir: "auto",
          on: { click: () => void focusLabel(connection, text, [id], "sheet") },
        },
        text,
      );
    });
    return chips?.length
      ? h("div", { class: "dc-chips", role: "group", label: "Content labels" }, ...chips)
      : null;
  };

  /** Pictures to go to. */
  const kin = (name: string, ids: number[]) => {
    if (!ids.length) return null;
    const links = ids.slice(0, KIN).map((id) => {
      const label = `Show picture ${id}`;
      return h(
        "button",
        {
          class: "dc-kin",
          title: label,
          label,
          "data-kin": id,
          on: { click: () => ui.emit("sheet", id) },
        },
        lateImage(thumbnails.picture(id), { alt: "" }),
      );
    });
    const more = ids.length > KIN && h("span", { class: "dc-note" }, `and ${ids.length - KIN} more`);
    return h(
      "div",
      { class: "dc-words" },
      h("span", {}, name),
      h("div", { class: "dc-kins" }, ...links, more),
    );
  };

  /** What is wrong with the picture, and the way to keep it all the same. */
  const wrong = ({ id, flags }: PictureRow): HTMLElement => {
    const rows = flags as FlagRow[];
    const twins = [...new Set(rows.flatMap(({ of }) => (of === null ? [] : [of])))];
    const keep = button({
      action: "keep",
      label: "Keep anyway: take the mark away, so that the picture is exported",
      text: "Keep anyway",
      click: () => void connection.act("keep", { ids: [id] }, "sheet").then((done) => done && open(id)),
    });
    keep.disabled = store.get("info").read_only;
    const show = (twin: number) => [
      button({
        action: "show-twin",
        label: `Show picture ${twin}`,
        text: `Picture ${twin}`,
        click: () => ui.emit("sheet", twin),
      }),
      button({
        action: "compare-twin",
        label: `Compare with picture ${twin}`,
        text: "Compare",
        click: () => void comparePictures(scope, twin, id),
      }),
    ];
    return h(
      "div",
      { class: "dc-wrong" },
      h("p", {}, icon("warning"), rows.map(({ words }) => words).join("; ") || "flagged"),
      h("div", { class: "dc-actions" }, keep, ...twins.flatMap(show)),
    );
  };

  sheet.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      close();
    },
    { signal },
  );
  ui.on("sheet", (id) => void open(id), signal);
  ui.on("selection", close, signal);
  return sheet;
}

/** Puts a text on the clipboard, or selects it where the page may not; says which. */
async function copied(text: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    return "Copied.";
  } catch {
    getSelection()?.selectAllChildren(text);
    return "Selected: copy it with Ctrl+C.";
  }
}
