import type { Choice, ClassRow, TuningMethod } from "../protocol";
import type { Scope } from "../scope";
import { button, choicesOf, counted, h, numberField, switchOf } from "./kit";

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
  {
    name: "subject",
    title: "One subject, from the selected pictures",
    text: "In rounds: it also learns from the best of what it draws where it is least sure.",
  },
];
const KINDS = [
  { value: "object", text: "A thing", hint: "The selected pictures show one thing, person or animal" },
  { value: "style", text: "A style", hint: "The selected pictures are drawn in one style" },
] as const;
const [FEWEST, MOST] = [3, 10];

/** What is in the box "Teach this class": the generator learns from its originals, or one subject from the selection. */
export function teach({ connection, notices }: Scope, row: ClassRow, box: HTMLElement): HTMLElement[] {
  const { ui } = connection;
  let kind: "object" | "style" = "object";
  const methods = choicesOf("Method", METHODS);
  const kinds = switchOf("What they show", KINDS, (value) => {
    kind = value;
  });
  const human = h("input", { type: "checkbox", name: "human" });
  const chosen = h("p.dc-note", { role: "status" });
  const more = h(
    "div.dc-teach-more",
    chosen,
    kinds.element,
    h("label.dc-check", human, "I choose between rounds"),
  );
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
      const method = methods.value();
      const args = { class_id: row.id, steps: steps.value() };
      if (method === "subject") {
        const asked = { ...args, ids: [...ui.selection], kind, human: human.checked, rounds: null };
        void connection.act("personalize", asked, "prompts");
      } else void connection.act("tune", { ...args, method: method as TuningMethod }, "prompts");
    },
  });
  const refresh = () => {
    const subject = methods.value() === "subject";
    const { length } = ui.selection;
    more.hidden = !subject;
    go.disabled = subject ? length < FEWEST || length > MOST : !row.originals;
    chosen.textContent = `Select ${FEWEST} to ${MOST} pictures of it: ${counted(length, "picture")} selected.`;
  };
  methods.element.addEventListener("change", refresh);
  box.addEventListener("toggle", refresh);
  refresh();
  return [
    h("b", `Teach the generator “${row.name}”`),
    methods.element,
    more,
    h("div.dc-row", steps.element, go),
  ];
}
