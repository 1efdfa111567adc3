import { h } from "../dom";
import { icon } from "../icons";
import { roving } from "../roving";
import type { ChipPart, Slot } from "./templatememory";

/** Changes the options of a slot; `focus` names the chip to go on with. */
export type ChangeSlot = (slot: Slot, options: Slot["options"], focus: string) => void;

/**
 * A template with its slots as groups of chips and the class word as a badge. With `change`, a click on a chip leaves its
 * option out or takes it back, Delete removes it, and a plus adds one.
 */
export function templateChips(
  parts: readonly ChipPart[],
  word: string,
  change: ChangeSlot | null,
): HTMLElement {
  const line = h("div.dc-template");
  let at = -1;
  for (const part of parts) {
    if (part.kind === "text") line.append(part.text);
    else if (part.kind === "class") line.append(h("b.dc-word", { title: "{class}" }, word));
    else line.append(slotGroup(part, ++at, change));
  }
  roving(line, "button");
  return line;
}

function slotGroup(slot: Slot, at: number, change: ChangeSlot | null): HTMLElement {
  const { options } = slot;
  const chips = options.map((option, i) => {
    const text = option.text || "–";
    if (!change) return h("span.dc-option", text);
    const without = options.filter((each) => each !== option);
    const turn = () => change(slot, options.with(i, { ...option, on: !option.on }), `${at}.${i}`);
    const drop = () => change(slot, without, `${at}.${Math.min(i, without.length - 1)}`);
    return h(
      "button.dc-option",
      {
        title: option.on
          ? "Click leaves it out, Delete removes it"
          : "Left out. Click takes it back, Delete removes it",
        "data-option": `${at}.${i}`,
        "aria-pressed": String(option.on),
        label: option.text || "nothing",
        on: {
          click: turn,
          keydown: (event) => {
            if (event.key !== "Delete" && event.key !== "Backspace") return;
            event.preventDefault();
            event.stopPropagation(); // elsewhere it removes pictures
            drop();
          },
        },
      },
      text,
    );
  });
  const group = h(
    "span.dc-options",
    {
      title: "One of these for each picture",
      role: "group",
      label: "One of these for each picture",
    },
    ...chips,
  );
  if (change) group.append(adder((text) => change(slot, [...options, { text, on: true }], `${at}.+`), at));
  return group;
}

/** A plus that becomes a field to write an option in. */
function adder(add: (text: string) => void, at: number): HTMLElement {
  const name = "Add an option";
  const open = () => {
    plus.replaceWith(input);
    input.focus();
  };
  const plus = h(
    "button.dc-option.dc-add-option",
    {
      title: name,
      "data-option": `${at}.+`,
      "data-action": "add-option",
      label: name,
      on: { click: open },
    },
    icon("plus"),
  );
  const input = h("input.dc-input.dc-new-option", {
    label: "New option",
    placeholder: "new option",
    spellcheck: "false",
    on: {
      keydown: (event) => {
        event.stopPropagation(); // the page and Jupyter have keys of their own
        const text = input.value.trim();
        if (event.key === "Escape") {
          input.value = "";
          input.before(plus);
          plus.focus();
        } else if (event.key === "Enter" && text) {
          input.disabled = true;
          add(text);
        }
      },
      blur: () => {
        if (input.value.trim()) return;
        input.before(plus);
        input.remove();
      },
    },
  });
  return plus;
}
