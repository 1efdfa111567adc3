import { h } from "../dom";
import { popover } from "../popover";
import type { Choice, ClassRow, TuningMethod } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { choicesOf } from "./choices";
import { numberField } from "./numberfield";

const METHODS: Choice[] = [
  {
    name: "textual_inversion",
    title: "A new word",
    text: "Textual inversion: finds a word for what the originals show. The model stays as it is.",
  },
  {
    name: "lora",
    title: "A small change of the model",
    text: "DreamBooth-LoRA: comes closer to the originals, and takes longer.",
  },
];

/** The button "Teach this class …" and its box: the generator learns what the class's originals look like. */
export function teachBox(
  { connection, notices }: Scope,
  row: ClassRow,
): { opener: HTMLButtonElement; box: HTMLElement } {
  const opener = button({
    action: "teach",
    label: `Teach this class: let the generator learn from the originals of ${row.name}`,
    icon: "teach",
  });
  opener.disabled = connection.store.get("info").read_only || !row.originals;
  const methods = choicesOf("Method", METHODS);
  const steps = numberField("Steps", "Training steps", { name: "steps", min: 1 });
  const go = button({
    action: "tune",
    label: "Start learning in the background",
    text: "Teach",
    kind: "primary",
    click: () => {
      if (!steps.input.reportValidity()) return;
      box.hidePopover();
      notices.clear("prompts");
      const args = {
        class_id: row.id,
        method: methods.value() as TuningMethod,
        steps: steps.value(),
      };
      void connection.act("tune", args, "prompts");
    },
  });
  const box = popover(
    opener,
    `Teach ${row.name}`,
    h("b", `Teach the generator “${row.name}”`),
    methods.element,
    h("div.dc-row", steps.element, go),
  );
  return { opener, box };
}
