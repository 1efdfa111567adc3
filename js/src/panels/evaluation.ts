import { h } from "../dom";
import type { Scope } from "../scope";
import { type RoundCharts, roundCharts } from "./roundcharts";

const SCORES: RoundCharts = {
  probe: {
    title: "Probe accuracy",
    hint: "Share of pictures that a linear probe tells right, with its 95 % interval. Higher is better.",
    better: "higher",
  },
  cler: {
    title: "CLER",
    hint: "Share of pictures nearest to the mean of their class, with its 95 % interval. Higher is better.",
    better: "higher",
  },
};

/** Evaluation: what a classifier learns from the pictures up to each round, and whether the last one helped. */
export function evaluationPanel(scope: Scope): HTMLElement {
  const { store } = scope.connection;
  const rows = () => store.get("evaluation").rows;
  const { element, body } = roundCharts(scope, {
    name: "evaluation",
    title: "Evaluation",
    shown: SCORES,
    rows,
  });
  const verdict = h("p", { role: "status" });
  const measured = h("small");
  const said = h("div.dc-verdict", verdict, measured);
  body.prepend(said);
  const render = () => {
    const { verdict: now, measured_on, note } = store.get("evaluation");
    verdict.textContent = now?.text ?? "Whether the pictures help is said here after the first look at them.";
    said.dataset.effect = now?.effect ?? "unknown";
    measured.textContent = measured_on;
    said.title = note;
  };
  store.on("evaluation", render, scope.signal);
  render();
  return element;
}
