import { arrange } from "../arrange";
import type { Connection } from "../connection";
import { h } from "../dom";
import type { ClassRow } from "../protocol";
import { roving } from "../roving";
import type { Scope } from "../scope";
import { select, selectMode, shownPictures } from "../selecting";

/** Of more classes than these one is found by its name. */
const FEW = 12;

/** One line a class: how many originals (filled) and generated pictures (outlined); a click narrows to the class. */
export function classBars({ connection, root, signal, colours }: Scope): HTMLElement {
  const list = h("div.dc-classes");
  const clear = h(
    "button.dc-link",
    {
      "data-action": "clear-classes",
      on: { click: () => connection.ui.clearClasses() },
    },
    "Show all",
  );
  const choose = h(
    "button.dc-link",
    {
      title: "Select the pictures of these classes. Ctrl adds to the selection, Alt takes away",
      "data-action": "select-classes",
      on: { click: (event) => select(connection, shownPictures(connection), selectMode(event)) },
    },
    "Select",
  );
  const legend = h("span.dc-legend", h("i.dc-dot"), "original", h("i.dc-ring"), "generated");
  const mark = () => {
    const { classes: chosen } = connection.ui;
    clear.hidden = !chosen.size;
    choose.hidden = !chosen.size;
    legend.hidden = !!chosen.size;
    for (const each of list.querySelectorAll<HTMLElement>(".dc-class")) {
      const on = chosen.has(Number(each.dataset.class));
      each.setAttribute("aria-pressed", String(on));
      each.toggleAttribute("data-off", chosen.size > 0 && !on);
    }
  };
  const rows = new Map<number, ClassLine>();
  const none = h("p.dc-empty");
  const find = h("input.dc-input", {
    type: "search",
    placeholder: "Find a class",
    label: "Find a class",
    hidden: true,
    on: { input: () => render() },
  });
  const render = () => {
    const { classes } = connection.store.get("info");
    const most = Math.max(1, ...classes.map((row) => Math.max(row.originals, row.generated)));
    const colour = colours();
    find.hidden = classes.length <= FEW;
    const wanted = find.hidden ? "" : find.value.trim().toLowerCase();
    const shown = classes.flatMap((row, i) => {
      if (!row.name.toLowerCase().includes(wanted)) return [];
      const line = rows.get(row.id) ?? classLine(connection, row.id);
      rows.set(row.id, line);
      line.update(row, colour[i], most);
      return [line.element];
    });
    none.textContent = classes.length
      ? "No class has such a name."
      : "No pictures yet. Add some with session.add_images(…).";
    arrange(list, shown.length ? shown : [none]);
    reach();
    mark();
  };
  const reach = roving(list, "button");
  connection.store.on("info", render, signal);
  connection.ui.on("classes", mark, signal);
  root.addEventListener("datacrafter-theme", render, { signal });
  render();
  return h("section.dc-block", h("div.dc-block-head", h("h3", "Classes"), legend, choose, clear), find, list);
}

interface ClassLine {
  element: HTMLElement;
  update: (row: ClassRow, colour: string, most: number) => void;
}

/** A line that stays while its counts change, many times a second: the focus and a click half done stay with it. */
function classLine(connection: Connection, id: number): ClassLine {
  const name = h("span.dc-class-name");
  const bars = ["original", "generated"].map((kind) => h("i", { class: `dc-bar-${kind}` }));
  const count = h("span.dc-class-count");
  const element = h(
    "button.dc-class",
    {
      "data-class": id,
      on: { click: (event) => connection.ui.toggleClass(id, selectMode(event) === "add") },
    },
    name,
    h("span.dc-bars", ...bars),
    count,
  );
  const update: ClassLine["update"] = (row, colour, most) => {
    const removed = row.hidden ? `, ${row.hidden} removed` : "";
    element.title = `${row.name}: ${row.originals} originals, ${row.generated} generated${removed}. Click to show only this class.`;
    element.style.setProperty("--class", colour);
    name.textContent = row.name;
    bars.forEach((bar, i) => {
      bar.style.width = `${(100 * (i ? row.generated : row.originals)) / most}%`;
    });
    count.replaceChildren(
      row.originals.toLocaleString("en"),
      h("em", `+${row.generated.toLocaleString("en")}`),
    );
  };
  return { element, update };
}
