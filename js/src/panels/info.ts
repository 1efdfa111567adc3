import { h } from "../dom";
import type { Scope } from "../scope";
import { classBars } from "./classes";
import { costMeter } from "./cost";
import { exportForm } from "./export";
import { flaggedLine } from "./flagged";
import { frame } from "./frame";
import { generateForm } from "./generate";
import { labelChips } from "./labels";
import { modelCard } from "./model";

/** Info: the session, its models, what it cost, generating, classes, content labels, export. */
export function infoPanel(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const { element, header, body } = frame("info", "Info");
  const name = h("span.dc-panel-note");
  const badge = h("span.dc-badge", { title: "The session was opened with read_only=True" }, "Read only");
  header.append(name, badge);
  const rename = () => {
    const info = connection.store.get("info");
    name.textContent = info.name;
    name.title = info.folder;
    badge.hidden = !info.read_only;
  };
  connection.store.on("info", rename, signal);
  rename();
  body.append(
    h("div", modelCard(scope), costMeter(scope)),
    notices.slot("info"),
    generateForm(scope),
    classBars(scope),
    flaggedLine(scope),
    labelChips(scope),
    exportForm(scope),
  );
  return element;
}
