import { h } from "../dom";
import type { Scope } from "../scope";
import { select, selectMode, shownPictures } from "../selecting";

/** One line a class: how many originals (filled) and generated pictures (outlined); a click narrows to the class. */
export function classBars({ connection, root, signal, colours }: Scope): HTMLElement {
  const list = h("div", { class: "dc-classes" });
  const clear = h(
    "button",
    {
      class: "dc-link",
      attrs: { type: "button", "data-action": "clear-classes" },
      on: { click: () => connection.ui.clearClasses() },
    },
    "Show all",
  );
  const choose = h(
    "button",
    {
      class: "dc-link",
      title: "Select the pictures of these classes. Ctrl adds to the selection, Alt takes away",
      attrs: { type: "button", "data-action": "select-classes" },
      on: { click: (event) => select(connection, shownPictures(connection), selectMode(event)) },
    },
    "Select them",
  );
  const legend = h(
    "span",
    { class: "dc-legend" },
    h("i", { class: "dc-dot" }),
    "original",
    h("i", { class: "dc-ring" }),
    "generated",
  );
  const mark = () => {
    const { classes: chosen } = connection.ui;
    clear.hidden = !chosen.size;
    choose.hidden = !chosen.size;
    legend.hidden = !!chosen.size;
    for (const each of list.querySelectorAll<HTMLElement>(".dc-class")) {
      const on = chosen.has(Number(each.dataset.class));
      each.setAttribute("aria-pressed", String(on));
      each.dataset.off = String(chosen.size > 0 && !on);
    }
  };
  const render = () => {
    const { classes } = connection.store.get("info");
    const most = Math.max(1, ...classes.map((row) => Math.max(row.originals, row.generated)));
    const colour = colours();
    if (!classes.length) {
      list.replaceChildren(
        h("p", { class: "dc-empty" }, "No pictures yet. Add some with session.add_images(…)."),
      );
      return;
    }
    list.replaceChildren(
      ...classes.map((row, i) => {
        const bar = (count: number, kind: string) =>
          h("i", { class: kind, style: { width: `${(100 * count) / most}%` } });
        const hidden = row.hidden ? `, ${row.hidden} removed` : "";
        return h(
          "button",
          {
            class: "dc-class",
            title: `${row.name}: ${row.originals} originals, ${row.generated} generated${hidden}. Click to show only this class.`,
            style: { "--class": colour[i] },
            attrs: {
              type: "button",
              "data-class": row.id,
            },
            on: {
              click: (event) => connection.ui.toggleClass(row.id, selectMode(event) === "add"),
            },
          },
          h("span", { class: "dc-class-name" }, row.name),
          h(
            "span",
            { class: "dc-bars" },
            bar(row.originals, "dc-bar-original"),
            bar(row.generated, "dc-bar-generated"),
          ),
          h("span", { class: "dc-class-count" }, String(row.originals), h("em", {}, `+${row.generated}`)),
        );
      }),
    );
    mark();
  };
  connection.store.on("info", render, signal);
  connection.ui.on("classes", mark, signal);
  root.addEventListener("datacrafter-theme", render, { signal });
  render();
  return h(
    "section",
    { class: "dc-block" },
    h("div", { class: "dc-block-head" }, h("h3", {}, "Classes"), legend, choose, clear),
    list,
  );
}
