import { h } from "../dom";
import { focusLabel } from "../focus";
import type { LabelRow } from "../protocol";
import type { Scope } from "../scope";
import { selectMode, selectWhere } from "../selecting";
import { labelSource } from "./labelsource";

type Order = "frequency" | "ratio";

/** Content labels as chips, by frequency or by generated to original; a click lights their pictures up. */
export function labelChips(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  let order: Order = "frequency";
  const list = h("div", { class: "dc-chips", attrs: { role: "group", "aria-label": "Content labels" } });
  const select = h(
    "select",
    {
      class: "dc-select",
      attrs: { "aria-label": "Sort content labels" },
      on: {
        change: () => {
          order = select.value as Order;
          render();
        },
      },
    },
    h("option", { attrs: { value: "frequency" } }, "by frequency"),
    h("option", { attrs: { value: "ratio" } }, "by generated / original"),
  );
  const mark = () => {
    const { focus, hover } = connection.ui;
    for (const chip of list.querySelectorAll<HTMLElement>(".dc-chip")) {
      const id = Number(chip.dataset.label);
      chip.setAttribute("aria-pressed", String(!!focus?.labels.includes(id)));
      chip.toggleAttribute("data-near", !!hover?.labels.has(id));
    }
  };
  const render = () => {
    const labels = sortLabels(connection.store.get("labels"), order);
    if (!labels.length) {
      list.replaceChildren(
        h("p", { class: "dc-empty" }, "The words that describe the pictures appear here."),
      );
      return;
    }
    list.replaceChildren(...labels.map((row) => chip(row)));
    mark();
    function chip(row: LabelRow): HTMLElement {
      const total = row.originals + row.generated;
      const share = total ? row.generated / total : 0;
      const choose = (event: MouseEvent) => {
        const mode = selectMode(event);
        if (mode === "replace") void focusLabel(connection, row.text, [row.id], "labels");
        else void selectWhere(connection, { labels: [row.id] }, mode);
      };
      const point = () => connection.ui.setHover({ pictures: new Set(), labels: new Set([row.id]) });
      const leave = () => connection.ui.setHover(null);
      return h(
        "button",
        {
          class: "dc-chip",
          title: `${row.text}: on ${row.originals} originals and ${row.generated} generated pictures. Click lights them up, Ctrl+click selects them`,
          style: { "--share": `${(share * 100).toFixed(1)}%` },
          attrs: { type: "button", "data-label": row.id },
          on: { click: choose, pointerenter: point, pointerleave: leave, focus: point, blur: leave },
        },
        h("i", { class: "dc-pie" }),
        h("span", {}, row.text),
        h("em", {}, order === "ratio" ? `×${row.ratio.toFixed(row.ratio < 10 ? 1 : 0)}` : String(total)),
      );
    }
  };
  connection.store.on("labels", render, signal);
  connection.ui.on("focus", mark, signal);
  connection.ui.on("hover", mark, signal);
  render();
  return h(
    "section",
    { class: "dc-block dc-grow" },
    h("div", { class: "dc-block-head" }, h("h3", {}, "Content labels"), select),
    labelSource(scope),
    notices.slot("labels"),
    list,
  );
}

function sortLabels(labels: readonly LabelRow[], order: Order): LabelRow[] {
  const key =
    order === "ratio" ? (row: LabelRow) => row.ratio : (row: LabelRow) => row.originals + row.generated;
  return [...labels].sort((a, b) => key(b) - key(a) || a.text.localeCompare(b.text));
}
