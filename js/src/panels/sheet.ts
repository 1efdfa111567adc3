import { h } from "../dom";
import { focusLabel } from "../focus";
import { icon } from "../icons";
import { lateImage } from "../lateimage";
import type { FlagRow, PictureRow } from "../protocol";
import type { Scope } from "../scope";
import { withStudio } from "../studioloader";
import { button } from "./button";
import { comparePictures } from "./detail/comparepictures";
import { facts } from "./detail/facts";
import { variationForm } from "./detail/variations";

const KIN = 24;

/** One picture in full: where it comes from, how it was made, the words on it, and what came of it. */
export function provenanceSheet(scope: Scope): HTMLElement {
  const { connection, signal, notices, root } = scope;
  const { store, ui, thumbnails } = connection;
  const sheet = h("div.dc-sheet", {
    hidden: true,
    role: "dialog",
    label: "Provenance",
    on: {
      keydown: (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        close();
      },
    },
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
      h("div.dc-sheet-head", heading(row), ...actions(row, made), shut),
      notices.slot("sheet"),
      row.flagged && wrong(row),
      lateImage(thumbnails.picture(id, 256), { alt: `Picture ${id}` }),
      words("Prompt", made.prompt),
      labels(row),
      variationForm(scope, id, made.perturbation),
      kin(
        made.perturbation === "variation" ? "A variation of" : "Generated from",
        (made.parent_id ? [made.parent_id] : []) as number[],
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
    const title = `${row.class ?? "Picture"} · ${row.hidden ? "removed" : row.origin}`;
    const style = { "--class": scope.colours()[at] ?? "gray" };
    const mark = h(row.origin === "generated" ? "i.dc-ring" : "i.dc-dot");
    return h("b", { dir: "auto", title, style }, mark, title);
  };

  /** A button that changes the picture. */
  const change = (action: "restore" | "keep", label: string, text: string, id: number, then: () => void) =>
    button({
      action,
      label,
      text,
      disabled: store.get("info").read_only,
      click: async () => {
        if (await connection.act(action, { ids: [id] }, "sheet")) then();
      },
    });

  const compare = (action: string, label: string, first: number, second?: number) =>
    button({ action, label, text: "Compare", click: () => comparePictures(scope, first, second) });

  const actions = ({ id, hidden }: PictureRow, { parent_id }: Record<string, unknown>) => [
    hidden && change("restore", "Take the picture out of the recycle bin", "Restore", id, close),
    button({
      action: "edit-picture",
      label: "Edit this picture: say what to change, and choose among what several editors make of it",
      icon: "edit",
      disabled: store.get("info").read_only,
      click: () => void withStudio(scope, "sheet", (studio) => void studio.editing(scope, [id])),
    }),
    !!parent_id && compare("compare", "Compare it with the picture that it was generated from", id),
  ];

  const words = (name: string, text: unknown) => {
    if (!text) return null;
    const said = h("p", { dir: "auto" }, String(text));
    const click = async () =>
      ui.emit("notice", { where: "sheet", kind: "done", message: await copied(said) });
    const copy = button({ action: "copy-prompt", label: "Copy the prompt", icon: "copy", click });
    return h("div.dc-words", h("span", name, copy), said);
  };

  const labels = ({ labels: texts = [] }: PictureRow) => {
    const rows = new Map(store.get("labels").map((row) => [row.text, row.id]));
    const chips = (texts as string[]).map((text) => {
      const id = rows.get(text);
      if (id === undefined) return h("span.dc-chip", text);
      const title = `Highlight the pictures with “${text}”`;
      const click = () => focusLabel(connection, text, [id], "sheet");
      return h("button.dc-chip", { title, "data-label": text, dir: "auto", on: { click } }, text);
    });
    return !!chips.length && h("div.dc-chips", { role: "group", label: "Content labels" }, ...chips);
  };

  /** Pictures to go to. */
  const kin = (name: string, ids: number[]) => {
    if (!ids.length) return null;
    const links = ids.slice(0, KIN).map((id) => {
      const title = `Show picture ${id}`;
      const click = () => ui.emit("sheet", id);
      const image = lateImage(thumbnails.picture(id), { alt: "" });
      return h("button.dc-kin", { title, label: title, "data-kin": id, on: { click } }, image);
    });
    const more = ids.length > KIN && h("span.dc-note", `and ${ids.length - KIN} more`);
    return h("div.dc-words", h("span", name), h("div.dc-kins", ...links, more));
  };

  /** What is wrong with the picture, and the way to keep it all the same. */
  const wrong = ({ id, flags }: PictureRow): HTMLElement => {
    const rows = flags as FlagRow[];
    const twins = new Set(rows.flatMap(({ of }) => of ?? []));
    const label = "Keep anyway: take the mark away, so that the picture is exported";
    const show = (twin: number) => [
      button({
        action: "show-twin",
        label: `Show picture ${twin}`,
        text: `Picture ${twin}`,
        click: () => ui.emit("sheet", twin),
      }),
      compare("compare-twin", `Compare with picture ${twin}`, twin, id),
    ];
    return h(
      "div.dc-wrong",
      h("p", icon("warning"), rows.map(({ words }) => words).join("; ") || "flagged"),
      h(
        "div.dc-actions",
        change("keep", label, "Keep anyway", id, () => open(id)),
        ...[...twins].flatMap(show),
      ),
    );
  };

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
