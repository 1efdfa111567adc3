import { h } from "../dom";
import { lateBox } from "../latebox";
import type { Scope } from "../scope";
import { button } from "./button";

/** The button "Strategy …" and its box: new prompts for the classes shown, made by a rule. */
export function strategyBox(scope: Scope): HTMLElement {
  const { store } = scope.connection;
  const opener = button({
    action: "strategy",
    label: "Strategy: write the prompts of the classes by a rule",
    icon: "list",
    text: "Strategy …",
  });
  let busy = false;
  const box = lateBox(scope, opener, "Prompt strategy", "prompts", (studio) =>
    studio.strategy(scope, box, (now) => {
      busy = now;
      refresh();
    }),
  );
  const refresh = () => {
    const { strategies, classes, read_only } = store.get("info");
    opener.hidden = !strategies.length;
    opener.disabled = busy || read_only || !classes.length;
  };
  store.on("info", refresh, scope.signal);
  refresh();
  return h("div.dc-strategy", opener, box);
}
