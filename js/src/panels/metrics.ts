import type { Scope } from "../scope";
import { type RoundCharts, roundCharts } from "./roundcharts";

const METRICS: RoundCharts = {
  informativeness: {
    title: "Informativeness",
    hint: "How much the pictures still teach a classifier. Higher is better.",
    better: "higher",
    trends: true,
  },
  diversity: {
    title: "Diversity",
    hint: "How unlike each other the pictures of a class are. Higher is better.",
    better: "higher",
    trends: true,
  },
  distance: {
    title: "Distance",
    hint: "How far the generated pictures are from the originals (CMMD). Lower is better.",
    better: "lower",
    trends: true,
  },
};

/** Metrics: what the pictures of each round are like. */
export function metricsPanel(scope: Scope): HTMLElement {
  const rows = () => scope.connection.store.get("metrics");
  return roundCharts(scope, { name: "metrics", title: "Metrics", shown: METRICS, rows }).element;
}
