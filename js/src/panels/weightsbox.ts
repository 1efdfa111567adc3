import { h } from "../dom";
import { popover } from "../popover";
import type { FeedbackKind } from "../protocol";
import type { Scope } from "../scope";
import { KINDS, termHint, termName } from "../terms";
import { button } from "./button";

/** The button "Weights" and its box: how much each term counts in the next search, kind by kind. */
export function weightsBox({ connection, signal }: Scope): HTMLElement {
  const { ui, store } = connection;
  let kind: FeedbackKind = "remove";
  const opener = button({
    action: "weights",
    label: "Weights: what counts how much when a better prompt is looked for",
    icon: "weights",
  });
  const select = h(
    "select.dc-input",
    {
      label: "Kind of feedback",
      "data-first": true,
      on: {
        change: () => {
          kind = select.value as FeedbackKind;
          render();
        },
      },
    },
    ...Object.entries(KINDS).map(([value, name]) => h("option", { value }, name)),
  );
  const sliders = h("div.dc-weights");
  const reset = button({
    action: "reset-weights",
    label: "Back to the defaults",
    text: "Reset",
    click: () => {
      ui.resetWeights(kind);
      render();
    },
  });
  const box = popover(
    opener,
    "Weights",
    select,
    sliders,
    h("div.dc-actions", h("span.dc-note", "From the next search on"), reset),
  );
  const render = () => {
    const usual = store.get("info").weights[kind] ?? {};
    const changed = ui.changedWeights(kind) ?? {};
    sliders.replaceChildren(
      ...Object.entries(usual).map(([term, weight]) => slider(term, weight, changed[term] ?? weight)),
    );
    mark();
  };
  const slider = (term: string, usual: number, value: number): HTMLElement => {
    const shown = h("output", String(value));
    const input = h("input", {
      type: "range",
      min: 0,
      max: 3,
      step: 0.25,
      name: term,
      label: termName(term),
      value,
      on: {
        input: () => {
          shown.textContent = input.value;
          ui.setWeight(kind, term, input.valueAsNumber, usual);
        },
      },
    });
    return h("label", { title: termHint(term) }, h("span", termName(term)), input, shown);
  };
  const mark = () => {
    reset.disabled = !ui.changedWeights(kind);
    const any = Object.keys(KINDS).some((each) => ui.changedWeights(each as FeedbackKind));
    opener.toggleAttribute("data-mark", any);
  };
  let usual = "";
  const refresh = () => {
    const now = JSON.stringify(store.get("info").weights);
    if (now !== usual) render();
    usual = now;
  };
  ui.on("weights", mark, signal);
  store.on("info", refresh, signal);
  refresh();
  return h("div", opener, box);
}
