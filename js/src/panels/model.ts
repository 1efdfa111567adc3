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
  for (const [name, model] of Object.entries({ Generator: generator, Encoder: encoder })) {
    rows.push(fact(name, model ? lastPart(model.name) : "none", model?.name));
  }
  if (language) rows.push(...languageFacts(language));
  const device = [generator?.device, generator?.dtype].filter(Boolean).join(" · ");
  rows.push(fact("Device", device || "loads on first use"));
  const [used, total] = [Number(memory?.used_mb), Number(memory?.total_mb)];
  if (used > 0) {
    const hint = total > 0 ? `${gigabytes(used)} of ${gigabytes(total)}` : gigabytes(used);
    const share = h("i", { style: { width: `${total > 0 ? Math.min(100, (100 * used) / total) : 0}%` } });
    rows.push(fact("Memory", gigabytes(used), hint, h("i.dc-meter", share)));
  }
  return rows;
}

function fact(name: string, value: string, title = value, meter?: HTMLElement): HTMLElement {
  return h("div.dc-fact", { title }, h("span", name), meter, h("b", value));
}

/** The language model with what it was asked and what that cost, or why all goes on without it. */
function languageFacts(language: LanguageInfo): Node[] {
  const { name, problem } = language;
  const use = problem ? `working without it: ${problem}` : languageUse(language);
  const title = problem ? `${languageHint(language)}\n${problem}` : languageHint(language);
  const line = fact("Language", lastPart(name), title);
  if (!use) return [line];
  return [line, h("p.dc-note", { title }, problem && icon("warning"), use)];
}

function lastPart(name: string): string {
  return name.split("/").filter(Boolean).pop() ?? name;
}

function gigabytes(megabytes: number): string {
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}
