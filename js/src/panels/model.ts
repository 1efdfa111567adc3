import { h } from "../dom";
import { icon } from "../icons";
import { languageHint, languageUse } from "../languageuse";
import type { Info, LanguageInfo } from "../protocol";
import type { Scope } from "../scope";

/** Which models run in a line; folded below it where, at which precision, and how full the memory is. */
export function modelCard({ connection, signal }: Scope): HTMLElement {
  const card = h("div.dc-model");
  const brief = h("b");
  const element = h("details.dc-models", h("summary.dc-fact", h("span", "Models"), brief), card);
  let problem: string | null = null;
  const render = (info: Info) => {
    const { generator, encoder, language } = info;
    const names = [generator, encoder, language].flatMap((model) => (model ? [lastPart(model.name)] : []));
    brief.textContent = [...new Set(names)].join(" · ") || "none";
    brief.title = brief.textContent;
    card.replaceChildren(...facts(info));
    if (language?.problem && language.problem !== problem) element.open = true;
    problem = language?.problem ?? null;
  };
  connection.store.on("info", render, signal);
  render(connection.store.get("info"));
  return element;
}

function facts(info: Info): Node[] {
  const { generator, encoder, language, memory } = info;
  const rows: Node[] = [];
  const add = (name: string, value: string, hint = value) =>
    rows.push(h("div.dc-fact", { title: hint }, h("span", name), h("b", value)));
  add("Generator", generator ? lastPart(generator.name) : "none", generator?.name ?? "no generator");
  add("Encoder", encoder ? lastPart(encoder.name) : "none", encoder?.name ?? "no encoder");
  if (language) rows.push(...languageFacts(language));
  const device = [generator?.device, generator?.dtype].filter(Boolean).join(" · ");
  add("Device", device || "loads on first use");
  const used = Number(memory?.used_mb);
  const total = Number(memory?.total_mb);
  if (used > 0) {
    const share = total > 0 ? Math.min(1, used / total) : 0;
    const hint = total > 0 ? `${gigabytes(used)} of ${gigabytes(total)}` : gigabytes(used);
    const meter = h("i.dc-meter", h("i", { style: { width: `${(share * 100).toFixed(1)}%` } }));
    rows.push(h("div.dc-fact", { title: hint }, h("span", "Memory"), meter, h("b", gigabytes(used))));
  }
  return rows;
}

/** The language model with what it was asked and what that cost, or why all goes on without it. */
function languageFacts(language: LanguageInfo): Node[] {
  const { name, problem } = language;
  const use = problem ? `working without it: ${problem}` : languageUse(language);
  const title = problem ? `${languageHint(language)}\n${problem}` : languageHint(language);
  const fact = h("div.dc-fact", { title }, h("span", "Language"), h("b", lastPart(name)));
  if (!use) return [fact];
  return [fact, h("p.dc-note", { title }, problem && icon("warning"), use)];
}

function lastPart(name: string): string {
  return name.split("/").filter(Boolean).pop() ?? name;
}

function gigabytes(megabytes: number): string {
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}
