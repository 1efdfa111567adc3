import { h } from "../dom";
import type { Scope } from "../scope";
import { classBars } from "./classes";
import { exportForm } from "./export";
import { frame } from "./frame";
import { generateForm } from "./generate";
import { labelChips } from "./labels";
import { modelCard } from "./model";

/** Info: the session, its models, generating, classes, content labels, export. */
export function infoPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const { element, header, body } = frame("info", "Info");
  const name = h("span", { class: "dc-panel-note" });
  header.append(name);
  const rename = () => {
    const info = connection.store.get("info");
    name.textContent = info.name;
    name.title = info.folder;
  };
  connection.store.on("info", rename, signal);
  rename();
  body.append(
    modelCard(scope),
    notices.slot("info"),
    generateForm(scope),
    classBars(scope),
    labelChips(scope),
    exportForm(scope),
  );
  return element;
}
