import { h } from "../dom";
import { icon } from "../icons";
import { lateImage } from "../lateimage";
import type { DetailRow, PictureRow } from "../protocol";
import type { Scope } from "../scope";
import { frame } from "./frame";
import { provenanceSheet } from "./sheet";

const LIMIT = 120;

/** Detail: the selected originals with their descendants, row by row; a click shows where a picture comes from. */
export function detailPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices, colours } = scope;
  const { store, ui } = connection;
  const { element, header, body } = frame("detail", "Detail");
  const note = h("span", { class: "dc-panel-note" });
  header.append(note);
  const list = h("div", { class: "dc-families" });
  body.append(notices.slot("detail"), list, provenanceSheet(scope));
  let asked = 0;
  let timer = 0;

  const render = async () => {
    const ids = ui.selection;
    const mine = ++asked;
    note.textContent = ids.length ? `${ids.length} selected` : "";
    if (!ids.length) {
      list.replaceChildren(
        h("p", { class: "dc-empty" }, "Select pictures on the map: draw a lasso around them, or click one."),
      );
      return;
    }
    const reply = await connection.act("details", { ids: ids.slice(0, LIMIT) }, "detail");
    if (mine !== asked || !reply || signal.aborted) return;
    const chosen = new Set(ids);
    const rows = (reply.result as DetailRow[]).map((row) => family(row, chosen));
    const head = h(
      "div",
      { class: "dc-family dc-family-head" },
      h("span", {}, "Original"),
      h("span", {}, "Generated"),
    );
    const more =
      ids.length > LIMIT && h("p", { class: "dc-note" }, `The first ${LIMIT} of ${ids.length} are shown.`);
    list.replaceChildren(head, ...rows, ...(more ? [more] : []));
  };

  const family = ({ original, descendants }: DetailRow, chosen: ReadonlySet<number>): HTMLElement =>
    h(
      "div",
      { class: "dc-family", attrs: { "data-family": original?.id ?? "none" } },
      original
        ? picture(original, chosen)
        : h("span", { class: "dc-nothing", title: "From a prompt alone" }, "from text"),
      h(
        "div",
        { class: "dc-descendants" },
        ...descendants.map((row) => picture(row, chosen)),
        !descendants.length && h("span", { class: "dc-nothing" }, "none yet"),
      ),
    );

  const picture = (row: PictureRow, chosen: ReadonlySet<number>): HTMLElement => {
    const classes = store.get("info").classes;
    const index = classes.findIndex(({ id }) => id === row.class_id);
    const name = `${classes[index]?.name ?? "picture"} ${row.id}, ${row.origin}${row.hidden ? ", removed" : ""}${row.flagged ? ", flagged" : ""}`;
    const image = lateImage(connection.thumbnails.picture(row.id), { alt: "", loading: "lazy" });
    return h(
      "button",
      {
        class: `dc-picture dc-${row.origin}`,
        title: `${name}. Click to see where it comes from.`,
        style: { "--class": colours()[index] ?? "gray" },
        attrs: {
          type: "button",
          "aria-label": name,
          "data-picture": row.id,
          "data-chosen": chosen.has(row.id),
          "data-hidden": !!row.hidden,
        },
        on: { click: () => ui.emit("sheet", row.id) },
      },
      image,
      row.flagged && h("span", { class: "dc-flag" }, icon("warning")),
    );
  };

  const soon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void render(), 60);
  };
  ui.on("selection", () => void render(), signal);
  store.on("points", soon, signal);
  let flagged = "";
  store.on(
    "info",
    (info) => {
      const now = JSON.stringify(info.flagged);
      if (now !== flagged) soon();
      flagged = now;
    },
    signal,
  );
  scope.root.addEventListener("datacrafter-theme", soon, { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer), { once: true });
  void render();
  return element;
}
