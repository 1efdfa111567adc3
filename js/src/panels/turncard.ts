import { h } from "../dom";
import type { TurnRow } from "../protocol";
import type { Scope } from "../scope";
import { withStudio } from "../studioloader";
import { button } from "./button";

/** Says that a personalisation waits for the person, and opens the picker. */
export function turnCard(scope: Scope, turn: TurnRow): HTMLElement {
  const { token, round, rounds } = turn;
  const where = `turn:${token}`;
  const choose = button({
    action: "choose",
    label: `Choose what ${token} is learned from next`,
    text: "Choose …",
    kind: "primary",
    disabled: scope.connection.store.get("info").read_only,
    click: () => void withStudio(scope, where, (studio) => void studio.picker(scope, turn)),
  });
  return h(
    "article.dc-proposal",
    { "data-turn": token, label: `${token}: your turn` },
    h("p.dc-template", h("code", token), ` waits for your choice: round ${round} of ${rounds}`),
    scope.notices.slot(where),
    h("div.dc-decision", choose),
  );
}
