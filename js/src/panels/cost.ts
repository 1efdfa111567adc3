import { duration, energy, money } from "../amounts";
import { h } from "../dom";
import { popover } from "../popover";
import type { Cost, CostInfo } from "../protocol";
import type { Scope } from "../scope";

/** What the pictures took so far, in all and a picture; a box has it round by round. Hidden until there are some. */
export function costMeter({ connection, signal }: Scope): HTMLElement {
  const opener = h("button.dc-link", {
    title: "What each round took",
    "data-action": "cost",
  });
  const each = h("p.dc-note", { title: "A picture, on average" });
  const table = h("table.dc-terms.dc-costs");
  const remark = h("p.dc-note");
  const box = popover(opener, "Cost", h("b", "Cost, round by round"), table, remark);
  const element = h("div.dc-model.dc-cost", h("div.dc-fact", h("span", "Cost"), opener), each, box);
  const refresh = () => {
    const { cost, language } = connection.store.get("info");
    element.hidden = !cost.total.seconds;
    if (element.hidden) return;
    opener.textContent = brief(cost.total, cost);
    each.textContent = `${brief(cost.per_picture, cost)} each`;
    each.hidden = !cost.total.pictures;
    table.replaceChildren(...rows(cost));
    const priced = cost.total.money !== null;
    remark.textContent = [
      cost.estimated ? "≈ The energy is an estimate." : "",
      "Rounds include searches and teaching; “A picture” is generating alone.",
      priced && language?.cost ? "“All” includes the language model." : "",
      priced ? "" : "Set session.prices to see money.",
    ]
      .filter(Boolean)
      .join(" ");
  };
  connection.store.on("info", refresh, signal);
  refresh();
  return element;
}

/** Money where there is a price, else time and energy. */
function brief(cost: Omit<Cost, "pictures">, all: CostInfo): string {
  if (cost.money !== null) return money(cost.money, all.currency);
  const time = duration(cost.seconds);
  if (cost.energy_wh === null) return time;
  return `${time} · ${all.estimated ? "≈ " : ""}${energy(cost.energy_wh)}`;
}

function rows(all: CostInfo): HTMLElement[] {
  const priced = all.total.money !== null;
  const energyHead = all.estimated ? "≈ Energy" : "Energy";
  const row = (cells: string[], head = 1) =>
    h("tr", ...cells.slice(0, priced ? 5 : 4).map((text, i) => h(i < head ? "th" : "td", text)));
  const costs = (name: string, pictures: string, cost: Omit<Cost, "pictures">) =>
    row([
      name,
      pictures,
      duration(cost.seconds),
      cost.energy_wh === null ? "–" : energy(cost.energy_wh),
      cost.money === null ? "–" : money(cost.money, all.currency),
    ]);
  const counted = (name: string, cost: Cost) => costs(name, cost.pictures.toLocaleString("en"), cost);
  return [
    h("thead", row(["Round", "Pictures", "Time", energyHead, "Money"], 5)),
    h("tbody", ...all.iterations.map((cost) => counted(String(cost.iteration), cost))),
    h("tfoot", counted("All", all.total), all.total.pictures > 0 && costs("A picture", "", all.per_picture)),
  ];
}
