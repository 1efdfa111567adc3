import { h } from "../dom";
import type { ClassRow, TemplateRow } from "../protocol";
import { samplePrompt } from "../sampleprompt";
import type { Scope } from "../scope";
import { type TemplatePart, templateParts, writeTemplate } from "../slots";
import { button } from "./button";
import { templateChips } from "./templatechips";
import { templateEditor } from "./templateeditor";
import type { ChipPart, Slot, TemplateMemory } from "./templatememory";

/** One prompt template: its options as chips, an example of what it becomes, and ways to write or delete it. */
export function templateCard(
  scope: Scope,
  row: TemplateRow,
  owner: ClassRow,
  memory: TemplateMemory,
  onEdit: (open: boolean) => void,
): HTMLElement {
  const { connection, notices } = scope;
  const where = `template:${row.id}`;
  const frozen = connection.store.get("info").read_only;
  const card = h("article.dc-card", {
    "data-template": row.id,
    label: `Prompt for ${owner.name}`,
  });
  const problems = notices.slot(where);
  const remembered = memory.get(row);
  let parts = remembered?.parts ?? templateParts(row.text).map(chipPart);

  const change = (slot: Slot, options: Slot["options"], focus: string) => {
    const next = parts.map((part) => (part === slot ? { ...slot, options } : part));
    const text = writeTemplate(written(next));
    if (text === writeTemplate(written(parts))) return redraw(next, focus); // an option that was left out is gone
    if (!options.some((option) => option.on && option.text)) {
      const message = "A slot keeps one option at least. Edit the prompt to take the slot out.";
      connection.ui.emit("notice", { where, kind: "warning", message });
      return;
    }
    void save(text, next, focus);
  };
  const redraw = (now: ChipPart[], focus: string | null) => {
    parts = now;
    read();
    if (focus) card.querySelector<HTMLElement>(`[data-option="${focus}"]`)?.focus({ preventScroll: true });
  };
  const save = async (text: string, next: ChipPart[], focus: string) => {
    const before = parts;
    notices.clear(where);
    memory.follow(row, text, next, focus);
    redraw(next, focus);
    card.inert = true; // until the card of the new template takes its place
    const args = { template: row.id, text, negative: row.negative };
    if (await connection.act("edit_template", args, where)) return;
    card.inert = false;
    redraw(before, focus);
  };
  const read = () => {
    onEdit(false);
    const edit = button({ action: "edit-template", label: "Edit this prompt", icon: "edit", click: write });
    const drop = button({
      action: "delete-template",
      label: "Delete this prompt",
      icon: "remove",
      click: () => void connection.act("delete_template", { template: row.id }, where),
    });
    edit.disabled = frozen;
    drop.disabled = frozen;
    const negative = row.negative && h("div.dc-template", h("span.dc-negative", "not "), row.negative);
    card.replaceChildren(
      templateChips(parts, owner.word, frozen ? null : change),
      ...(negative ? [negative] : []),
      h("div.dc-card-foot", example(written(parts), owner.word), edit, drop),
      problems,
    );
  };
  const write = () => {
    onEdit(true);
    const editor = templateEditor({
      text: row.text,
      negative: row.negative,
      save: async (text, negative) => {
        if (text === row.text && negative === row.negative) return read();
        notices.clear(where);
        const reply = await connection.act("edit_template", { template: row.id, text, negative }, where);
        if (reply) onEdit(false);
      },
      cancel: read,
    });
    card.replaceChildren(editor, problems);
    editor.querySelector("textarea")?.focus();
  };
  read();
  const focus = remembered?.focus;
  if (remembered && focus) {
    remembered.focus = null;
    queueMicrotask(() => redraw(parts, focus)); // once it is on the page
  }
  return card;
}

/** A prompt that the template can become; a click shows another. */
function example(parts: readonly TemplatePart[], word: string): HTMLElement {
  const count = parts.reduce((all, part) => all * (part.kind === "slot" ? part.options.length : 1), 1);
  const prompt = h("span", samplePrompt(parts, word));
  if (count < 2) return h("span.dc-example", prompt);
  return h(
    "button.dc-example",
    {
      title: `One of ${count.toLocaleString("en")} prompts. Click for another.`,
      "data-action": "another-example",
      on: {
        click: () => {
          const shown = prompt.textContent;
          for (let tries = 0; tries < 9 && prompt.textContent === shown; tries++) {
            prompt.textContent = samplePrompt(parts, word);
          }
        },
      },
    },
    prompt,
  );
}

function chipPart(part: TemplatePart): ChipPart {
  if (part.kind !== "slot") return part;
  return { kind: "slot", options: part.options.map((text) => ({ text, on: true })) };
}

/** The parts without the options that are left out. */
function written(parts: readonly ChipPart[]): TemplatePart[] {
  return parts.map((part) =>
    part.kind === "slot"
      ? { kind: "slot", options: part.options.filter(({ on }) => on).map(({ text }) => text) }
      : part,
  );
}
