import { h } from "../dom";
import type { Scope } from "../scope";
import { button } from "./button";

/** Writes the data set to a folder that the person names. */
export function exportForm({ connection, signal, notices }: Scope): HTMLElement {
  const path = h("input", {
    class: "dc-input",
    attrs: { type: "text", name: "path", "aria-label": "Folder to export to", spellcheck: "false" },
  });
  const overwrite = h("input", { attrs: { type: "checkbox", name: "overwrite" } });
  const form = h("div", { class: "dc-export", attrs: { hidden: true } });
  const write = button({
    action: "export",
    label: "Write originals and generated pictures, less those removed, to this folder",
    text: "Export",
    kind: "primary",
    click: async () => {
      notices.clear("export");
      write.disabled = true;
      const args = { path: path.value.trim(), overwrite: overwrite.checked };
      const reply = await connection.act("export", args, "export");
      write.disabled = false;
      if (!reply) return;
      const { total, path: written } = reply.result as { total: number; path: string };
      connection.ui.emit("notice", {
        where: "export",
        kind: "done",
        message: `${total} pictures in ${written}`,
      });
    },
  });
  form.append(
    h("label", { class: "dc-field" }, h("span", {}, "Folder"), path),
    h(
      "div",
      { class: "dc-row" },
      h("label", { class: "dc-check" }, overwrite, "Replace an earlier export"),
      write,
    ),
    notices.slot("export"),
  );
  const open = button({
    action: "open-export",
    label: "Export the data set …",
    icon: "export",
    text: "Export …",
    click: () => {
      form.hidden = !form.hidden;
      open.setAttribute("aria-expanded", String(!form.hidden));
      if (form.hidden) return;
      path.value ||= `${connection.store.get("info").name || "session"}-dataset`;
      path.focus();
    },
  });
  const refresh = () => {
    open.disabled = !connection.store.get("info").classes.length;
  };
  connection.store.on("info", refresh, signal);
  refresh();
  return h("div", { class: "dc-export-box" }, open, form);
}
