import { h } from "../../dom";
import type { Scope } from "../../scope";
import { button } from "../button";

const REPEATABLE = ["text2image", "image2image", "variation"];
const NEARNESS: [strength: number, text: string][] = [
  [0.15, "very near"],
  [0.35, "near"],
  [0.7, "loosely"],
];

/** "More like this seed": how many, how near, and the button that asks for them; null where it can't be done. */
export function variationForm(
  { connection }: Scope,
  picture: number,
  perturbation: unknown,
): HTMLElement | null {
  const { store, ui } = connection;
  if (!REPEATABLE.includes(String(perturbation))) return null;
  const count = h("input.dc-input", {
    type: "number",
    name: "variations",
    min: 1,
    max: 1000,
    value: 8,
    label: "How many",
    on: { keydown: ({ key }) => key === "Enter" && void vary() },
  });
  const strength = h(
    "select.dc-select",
    { name: "nearness", label: "How near to this picture" },
    ...NEARNESS.map(([value, text]) => h("option", { value, selected: value === 0.35 }, text)),
  );
  const vary = async () => {
    ask.disabled = true;
    const args = { picture, count: count.valueAsNumber || 0, strength: Number(strength.value) };
    const reply = await connection.act("vary", args, "sheet");
    ask.disabled = false;
    if (!reply) return;
    const message = `Making ${args.count} like it. They will stand in its row.`;
    ui.emit("notice", { where: "sheet", kind: "done", message });
  };
  const ask = button({
    action: "vary",
    label: "Generate more like this seed: the same prompt and settings, and noise near this picture's own",
    icon: "spark",
    text: "Generate",
    click: () => void vary(),
  });
  ask.disabled = store.get("info").read_only;
  return h(
    "div.dc-vary",
    { role: "group", label: "More like this seed" },
    h("span", "More like this seed"),
    count,
    strength,
    ask,
  );
}
