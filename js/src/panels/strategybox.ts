import { counted } from "../amounts";
import { h } from "../dom";
import { popover } from "../popover";
import type { Scope } from "../scope";
import { button } from "./button";
import { choicesOf } from "./choices";

/** The button "Prompt strategy …" and its box: new prompts for the classes shown, made by a rule. */
export function strategyBox({ connection, signal, notices }: Scope): HTMLElement {
  const { store, ui } = connection;
  const opener = button({
    action: "strategy",
    label: "Strategy: write the prompts of the classes by a rule",
    icon: "list",
    text: "Strategy …",
  });
  let choices = choicesOf("Prompt strategy", []);
  const list = h("div", choices.element);
  const keep = h("input", { type: "checkbox", name: "keep" });
  const whom = h("p.dc-note");
  const apply = button({
    action: "use-strategy",
    label: "Write the prompts",
    text: "Apply",
    kind: "primary",
    click: async () => {
      box.hidePopover();
      notices.clear("prompts");
      busy = true;
      refresh();
      const { classes } = ui;
      const args = {
        strategy: choices.value(),
        classes: classes.size ? [...classes] : null,
        replace: !keep.checked,
      };
      const reply = await connection.act("use_strategy", args, "prompts");
      busy = false;
      refresh();
      if (!reply) return;
      const message = `${counted((reply.result as number[]).length, "new prompt")}. Undo takes them back.`;
      ui.emit("notice", { where: "prompts", kind: "done", message });
    },
  });
  const box = popover(
    opener,
    "Prompt strategy",
    h("b", "Prompt strategy"),
    list,
    h("label.dc-check", keep, "Keep the present prompts too"),
    h("div.dc-actions", whom, apply),
  );
  let busy = false;
  let known = "";
  const refresh = () => {
    const { strategies, classes, read_only } = store.get("info");
    const now = JSON.stringify(strategies);
    if (now !== known) {
      choices = choicesOf("Prompt strategy", strategies);
      list.replaceChildren(choices.element);
      known = now;
    }
    const names = classes.filter((row) => ui.classes.has(row.id)).map((row) => row.name);
    whom.textContent = names.length ? `For ${names.join(", ")}` : "For all classes";
    opener.hidden = !strategies.length;
    opener.disabled = busy || read_only || !classes.length;
  };
  store.on("info", refresh, signal);
  ui.on("classes", refresh, signal);
  refresh();
  return h("div.dc-strategy", opener, box);
}
