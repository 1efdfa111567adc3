import { h } from "../dom";
import type { Scope } from "../scope";

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
  const legend = h(
    "span",
    { class: "dc-legend" },
    h("i", { class: "dc-dot" }),
    "original",
    h("i", { class: "dc-ring" }),
    "generated",
  );
  const render = () => {
    const { classes } = connection.store.get("info");
    const { classes: chosen } = connection.ui;
    clear.hidden = !chosen.size;
    legend.hidden = !!chosen.size;
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
              "aria-pressed": String(chosen.has(row.id)),
              "data-off": chosen.size > 0 && !chosen.has(row.id),
            },
            on: {
              click: (event) =>
                connection.ui.toggleClass(row.id, event.ctrlKey || event.metaKey || event.shiftKey),
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
  };
  connection.store.on("info", render, signal);
  connection.ui.on("classes", render, signal);
  root.addEventListener("datacrafter-theme", render, { signal });
  render();
  return h(
    "section",
    { class: "dc-block" },
    h("div", { class: "dc-block-head" }, h("h3", {}, "Classes"), legend, clear),
    list,
  );
}
