import type { Scope } from "../scope";
import { button, choicesOf, counted, h } from "./kit";

/** What is in the box "Prompt strategy": by which rule the prompts of the classes shown are written. */
export function strategy(
  { connection, signal, notices }: Scope,
  box: HTMLElement,
  setBusy: (busy: boolean) => void,
): HTMLElement[] {
  const { store, ui } = connection;
  const choices = choicesOf("Prompt strategy", store.get("info").strategies);
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
      setBusy(true);
      const { classes } = ui;
      const args = {
        strategy: choices.value(),
        classes: classes.size ? [...classes] : null,
        replace: !keep.checked,
      };
      const reply = await connection.act("use_strategy", args, "prompts");
      setBusy(false);
      if (!reply) return;
      const message = `${counted((reply.result as number[]).length, "new prompt")}. Undo takes them back.`;
      ui.emit("notice", { where: "prompts", kind: "done", message });
    },
  });
  const refresh = () => {
    const names = store.get("info").classes.filter(({ id }) => ui.classes.has(id));
    whom.textContent = names.length ? `For ${names.map(({ name }) => name).join(", ")}` : "For all classes";
  };
  ui.on("classes", refresh, signal);
  refresh();
  return [
    h("b", "Prompt strategy"),
    choices.element,
    h("label.dc-check", keep, "Keep the present prompts too"),
    h("div.dc-actions", whom, apply),
  ];
}
