import { h } from "../dom";
import type { Scope } from "../scope";
import { withStudio } from "../studioloader";
import { button } from "./button";
import type { CellState } from "./detail/cell";
import { comparePictures } from "./detail/comparepictures";
import { decodeFamilies, type Family, FLAGGED, HIDDEN } from "./detail/families";
import { familyGrid } from "./detail/grid";
import type { Shown } from "./detail/layout";
import { frame } from "./frame";
import { provenanceSheet } from "./sheet";

const SOON_MS = 300;

/** Detail: originals in rows with what was generated from them, all or the selected ones; a click says all of one. */
export function detailPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices, colours } = scope;
  const { store, ui } = connection;
  const { element, header, body } = frame("detail", "Detail");
  let families: Family[] | null = null;
  /** Marks by picture, as Python had them; what the map knows is newer. */
  let marks = new Map<number, number>();
  /** The selection that the list is narrowed to; null: all is shown. */
  let narrowed: ReadonlySet<number> | null = ui.selection.length ? new Set(ui.selection) : null;
  let chosen = new Set(ui.selection);
  let binShown = false;
  let choosing = false;

  const link = (action: string, label: string, click: () => void) =>
    h("button.dc-link", {
      title: label,
      "data-action": action,
      hidden: true,
      on: { click },
    });
  const bin = link("show-removed", "Show or hide what is in the recycle bin", () => {
    binShown = !binShown;
    lay();
  });
  const all = link("show-all", "Switch between the selected pictures and all", () => {
    narrowed = narrowed ? null : new Set(ui.selection);
    lay();
    grid.element.scrollTop = 0;
  });
  /** What is edited: the selection, or else what waits for a choice. */
  const edited = () => {
    const waiting = store.get("edits").filter(({ state }) => state === "open" || state === "running");
    return ui.selection.length ? ui.selection : [...new Set(waiting.map(({ picture_id }) => picture_id))];
  };
  const edit = button({
    action: "edit",
    label: "Edit single pictures: say what to change, and choose among what several editors make of it",
    icon: "edit",
    text: "Edit …",
    click: () => void withStudio(scope, "detail", (studio) => void studio.editing(scope, edited())),
  });
  const gallery = button({
    action: "gallery",
    label: "Gallery: edits that were published",
    icon: "gallery",
    click: () => void withStudio(scope, "detail", (studio) => void studio.gallery(scope)),
  });
  const refreshStudio = () => {
    gallery.hidden = connection.saved(); // both need a kernel
    edit.hidden = gallery.hidden || !edited().length || store.get("info").read_only;
  };
  for (const change of ["selection", "waiting"] as const) ui.on(change, refreshStudio, signal);
  for (const table of ["edits", "info"] as const) store.on(table, refreshStudio, signal);
  refreshStudio();
  header.append(edit, gallery, h("span.dc-spring"), bin, all);
  const empty = h("p.dc-empty", { hidden: true });
  const retry = link("retry-detail", "Ask for the pictures again", () => void ask());
  retry.textContent = "Try again";

  const hidden = (id: number) => {
    const row = store.points.row(id);
    return row >= 0 ? store.points.hidden[row] > 0 : !!((marks.get(id) ?? 0) & HIDDEN);
  };

  const state = (id: number, classId: number): CellState => {
    const { classes } = store.get("info");
    const index = classes.findIndex((each) => each.id === classId);
    const row = store.points.row(id);
    const mark = marks.get(id) ?? 0;
    return {
      className: classes[index]?.name ?? "picture",
      colour: colours()[index] ?? "gray",
      hidden: hidden(id),
      flagged: row >= 0 ? store.points.flagged[row] > 0 : !!(mark & FLAGGED),
      generation: mark >> 2,
      chosen: chosen.has(id),
      muted: !!ui.focus && !ui.focus.pictures.has(id),
    };
  };

  const title = (classId: number): HTMLElement => {
    const { classes } = store.get("info");
    const index = classes.findIndex(({ id }) => id === classId);
    const row = classes[index];
    const counts = row ? `${row.originals} original · ${row.generated} generated` : "";
    return h(
      "div.dc-families-class",
      {
        style: { "--class": colours()[index] ?? "gray" },
        role: "rowheader",
      },
      h("i.dc-dot"),
      h("b", { dir: "auto", title: row?.name }, row?.name ?? "Unknown class"),
      h("span", counts),
    );
  };

  const compare = (id: number) => {
    const [first, second] = ui.selection;
    const pair = ui.selection.length === 2 && chosen.has(id);
    void (pair ? comparePictures(scope, first, second) : comparePictures(scope, id));
  };
  const grid = familyGrid({
    scope,
    state,
    title,
    compare,
    choosing: (change) => {
      choosing = true;
      change();
      choosing = false;
    },
    opened: () => stale && void ask(),
  });
  body.append(notices.slot("detail"), empty, retry, grid.element, provenanceSheet(scope));

  /** What is to be seen of a family: nothing of it unless it has a selected picture while the list is narrowed. */
  const shown = ({ classId, original, ids }: Family): Shown | null => {
    if (ui.classes.size && !ui.classes.has(classId)) return null;
    const only = narrowed;
    const whole = original > 0;
    if (only && whole && !only.has(original) && !ids.some((id) => only.has(id))) return null;
    const keep = (id: number) =>
      (whole || !only || only.has(id)) && (binShown || chosen.has(id) || !hidden(id));
    const left = ids.every(keep) ? ids : ids.filter(keep);
    if (!left.length && !(whole && (binShown || !hidden(original) || only?.has(original)))) return null;
    return { classId, original, ids: left };
  };

  const lay = () => {
    if (!families) return;
    const list = families.map(shown).filter((family) => family !== null);
    const removed = store.get("info").classes.reduce((sum, row) => sum + row.hidden, 0);
    bin.hidden = !removed;
    bin.textContent = binShown ? `Hide ${removed} removed` : `${removed} removed`;
    bin.ariaPressed = String(binShown);
    all.hidden = !ui.selection.length && !narrowed;
    all.textContent = narrowed
      ? `${narrowed.size} selected · show all`
      : `Show the ${ui.selection.length} selected`;
    grid.show(list);
    grid.element.hidden = !list.length;
    empty.hidden = list.length > 0;
    empty.textContent = families.length
      ? narrowed
        ? "The selected pictures are of other classes than those shown."
        : "No pictures of these classes to show."
      : "No pictures yet. Add a folder of class folders: session.add_images(folder)";
  };

  let [asking, stale, waiting, took] = [false, true, false, 0];
  const ask = async () => {
    waiting = false;
    if (asking || signal.aborted || !grid.open()) return;
    [asking, stale] = [true, false];
    const started = performance.now();
    const reply = await connection.act("families", { ids: null, classes: null }, "detail");
    took = performance.now() - started;
    asking = false;
    if (signal.aborted) return;
    retry.hidden = !!reply;
    if (reply) {
      notices.clear("detail");
      families = decodeFamilies(reply.buffers);
      marks = marksOf(families);
      lay();
    }
    if (stale && reply) soon();
  };
  const soon = () => {
    stale = true;
    if (!waiting) setTimeout(ask, Math.max(SOON_MS, 8 * took)); // reading everything must stay a small part
    waiting = true;
  };
  store.on("points", ({ kind }) => (kind === "updated" ? lay() : soon()), signal);
  let counts = "";
  const count = () => {
    const now = JSON.stringify(store.get("info").classes);
    if (now !== counts) soon();
    counts = now;
  };
  store.on("info", count, signal);
  ui.on(
    "selection",
    (ids) => {
      chosen = new Set(ids);
      const was = narrowed;
      if (!choosing) narrowed = ids.length ? chosen : null;
      else if (!ids.length) narrowed = null;
      lay();
      if (was !== narrowed) grid.element.scrollTop = 0;
    },
    signal,
  );
  ui.on("classes", lay, signal);
  const refresh = () => grid.refresh();
  ui.on("focus", refresh, signal);
  scope.root.addEventListener("datacrafter-theme", refresh, { signal });
  return element;
}

/** The marks that say something, by picture: that it is hidden or flagged, or of which generation from the second on. */
function marksOf(families: readonly Family[]): Map<number, number> {
  const marks = new Map<number, number>();
  for (const family of families) {
    if (family.originalMarks) marks.set(family.original, family.originalMarks);
    const more = family.original === 0 ? 4 : 0; // a picture from text is the first generation itself
    family.marks.forEach((mark, i) => {
      if (mark & 3 || mark + more >= 8) marks.set(family.ids[i], mark + more);
    });
  }
  return marks;
}
