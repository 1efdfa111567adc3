import { h } from "../dom";
import type { MetricName, MetricRow } from "../protocol";
import type { Scope } from "../scope";
import { chart, type Series } from "./chart";
import { frame } from "./frame";

const METRICS: [MetricName, Omit<Series, "points" | "span">][] = [
  [
    "informativeness",
    {
      title: "Informativeness",
      hint: "How much the pictures still teach a classifier. Higher is better.",
      better: "higher",
    },
  ],
  [
    "diversity",
    {
      title: "Diversity",
      hint: "How unlike each other the pictures of a class are. Higher is better.",
      better: "higher",
    },
  ],
  [
    "distance",
    {
      title: "Distance",
      hint: "How far the generated pictures are from the originals (CMMD). Lower is better.",
      better: "lower",
    },
  ],
];

/** Metrics: three lines over the iterations, of all pictures or of the one class that is chosen. */
export function metricsPanel({ connection, signal }: Scope): HTMLElement {
  const { element, header, body } = frame("metrics", "Metrics");
  const of = h("span", { class: "dc-panel-note" });
  header.append(of);
  body.classList.add("dc-charts");
  const render = () => {
    const { classes } = connection.ui;
    const chosen = classes.size === 1 ? [...classes][0] : null;
    const rows = connection.store.get("metrics").filter((row) => row.class_id === chosen);
    const name = connection.store.get("info").classes.find((row) => row.id === chosen)?.name;
    of.textContent = name ? `of ${name}, by round` : "of all classes, by round";
    const iterations = rows.map((row) => row.iteration);
    const span: [number, number] = iterations.length
      ? [Math.min(...iterations), Math.max(...iterations)]
      : [0, 0];
    const width = Math.max(120, (body.clientWidth - 24 - 2 * (body.clientWidth < 640 ? 14 : 24)) / 3);
    const height = Math.max(44, Math.min(90, body.clientHeight - 26));
    body.replaceChildren(
      ...METRICS.map(([metric, about]) =>
        chart({ ...about, points: series(rows, metric), span }, width, height),
      ),
    );
  };
  connection.store.on("metrics", render, signal);
  connection.store.on("info", render, signal);
  connection.ui.on("classes", render, signal);
  let seen = "";
  const size = new ResizeObserver(() => {
    const now = `${body.clientWidth}x${body.clientHeight}`;
    if (now !== seen) render();
    seen = now;
  });
  size.observe(body);
  signal.addEventListener("abort", () => size.disconnect(), { once: true });
  render();
  return element;
}

function series(rows: readonly MetricRow[], name: string): { iteration: number; value: number }[] {
  return rows
    .filter((row) => row.name === name && Number.isFinite(row.value))
    .sort((a, b) => a.iteration - b.iteration)
    .map(({ iteration, value }) => ({ iteration, value }));
}
