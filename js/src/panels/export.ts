import { h } from "../dom";
import { lateBox } from "../latebox";
import type { Scope } from "../scope";
import { button } from "./button";

/** The button "Export …" and its box: writes the data set to a folder. */
export function exportForm(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const { store } = connection;
  const open = button({
    action: "open-export",
    label: "Export the data set …",
    icon: "export",
    text: "Export …",
  });
  let busy = false;
  const box = lateBox(scope, open, "Export the data set", "export", (studio) =>
    studio.exporting(scope, box, (now) => {
      busy = now;
      refresh();
    }),
  );
  const refresh = () => {
    open.disabled = busy || !store.get("info").classes.length;
    open.lastElementChild!.textContent = busy ? "Exporting …" : "Export …";
  };
  store.on("info", refresh, signal);
  refresh();
  return h("div.dc-export-box", open, box, notices.slot("export"));
}
