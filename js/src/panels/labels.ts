import { arrange } from "../arrange";
import type { Connection } from "../connection";
import { h } from "../dom";
import { focusLabel } from "../focus";
import type { LabelRow } from "../protocol";
import { roving } from "../roving";
import type { Scope } from "../scope";
import { selectMode, selectWhere } from "../selecting";
import { labelSource } from "./labelsource";

type Order = "frequency" | "ratio";

/** Content labels as chips, by frequency or by generated to original; pointing at one lights its pictures up. */
export function labelChips(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const { store, ui } = connection;
  let order: Order = "frequency";
  const list = h("div.dc-chips", { role: "group", label: "Content labels" });
  const select = h(
    "select.dc-select",
    {
      label: "Sort content labels",
      on: {
        change: () => {
          order = select.value as Order;
          render();
        },
      },
    },
    h("option", { value: "frequency" }, "by frequency"),
    h("option", { value: "ratio" }, "by generated / original"),
  );
  const empty = h("p.dc-empty", "The words that describe the pictures appear here.");
  const chips = new Map<number, Chip>();
  const mark = () => {
    for (const [id, { element }] of chips) {
      element.setAttribute("aria-pressed", String(!!ui.focus?.labels.includes(id)));
      element.toggleAttribute("data-near", !!ui.hover?.labels.has(id));
    }
  };
  const render = () => {
    const rows = sortLabels(store.get("labels"), order);
    const present = new Set(rows.map(({ id }) => id));
    for (const id of chips.keys()) if (!present.has(id)) chips.delete(id);
    const elements = rows.map((row) => {
      const chip = chips.get(row.id) ?? labelChip(connection, row.id);
      chips.set(row.id, chip);
      chip.update(row, order);
      return chip.element;
    });
    arrange(list, elements.length ? elements : [empty]);
    reach();
    mark();
  };
  const reach = roving(list, "button");
  store.on("labels", render, signal);
  ui.on("focus", mark, signal);
  ui.on("hover", mark, signal);
  render();
  return h(
    "section.dc-block.dc-grow",
    h("div.dc-block-head", h("h3", "Content labels"), select),
    labelSource(scope),
    notices.slot("labels"),
    list,
  );
}

interface Chip {
  element: HTMLElement;
  update: (row: LabelRow, order: Order) => void;
}

/** A chip that stays while its counts change: the focus and the pointer stay with it. */
function labelChip(connection: Connection, id: number): Chip {
  const { ui } = connection;
  let name = "";
  const text = h("span", { dir: "auto" });
  const count = h("em");
  const choose = (event: MouseEvent) => {
    const mode = selectMode(event);
    if (mode === "replace") void focusLabel(connection, name, [id], "labels");
    else void selectWhere(connection, { labels: [id] }, mode);
  };
  const point = () => ui.setHover({ pictures: new Set(), labels: new Set([id]) });
  const leave = () => ui.setHover(null);
  const element = h(
    "button.dc-chip",
    {
      "data-label": id,
      on: { click: choose, pointerenter: point, pointerleave: leave, focus: point, blur: leave },
    },
    h("i.dc-pie"),
    text,
    count,
  );
  const update: Chip["update"] = (row, order) => {
    const { originals, generated, ratio } = row;
    const total = originals + generated;
    name = row.text;
    text.textContent = name;
    count.textContent = order === "ratio" ? `×${ratio.toFixed(ratio < 10 ? 1 : 0)}` : String(total);
    element.title = `${name}: on ${originals} originals and ${generated} generated pictures. Click lights them up, Ctrl+click selects them`;
    element.style.setProperty("--share", `${((100 * generated) / Math.max(1, total)).toFixed(1)}%`);
  };
  return { element, update };
}

function sortLabels(labels: readonly LabelRow[], order: Order): LabelRow[] {
  const key =
    order === "ratio" ? (row: LabelRow) => row.ratio : (row: LabelRow) => row.originals + row.generated;
  return [...labels].sort((a, b) => key(b) - key(a) || a.text.localeCompare(b.text));
}
