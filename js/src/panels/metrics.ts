import { h } from "../dom";
import type { MetricName, MetricRow } from "../protocol";
import type { Scope } from "../scope";
import { selectMode, selectWhere } from "../selecting";
import { type ChartAbout, chart } from "./chart";
import type { ChartLine } from "./chartplot";
import { frame } from "./frame";

const METRICS: Record<MetricName, Pick<ChartAbout, "hint" | "better">> = {
  informativeness: {
    hint: "How much the pictures still teach a classifier. Higher is better.",
    better: "higher",
  },
  diversity: {
    hint: "How unlike each other the pictures of a class are. Higher is better.",
    better: "higher",
  },
  distance: {
    hint: "How far the generated pictures are from the originals (CMMD). Lower is better.",
    better: "lower",
  },
};

/** Metrics: three charts over the rounds, a strong line for all classes and one for each class that is chosen. */
export function metricsPanel({ connection, signal, colours, root }: Scope): HTMLElement {
  const { store, ui } = connection;
  const { element, header, body } = frame("metrics", "Metrics");
  const key = h("span.dc-panel-note.dc-key");
  header.append(key);
  body.classList.add("dc-charts");
  const charts = Object.entries(METRICS).map(([metric, about]) => ({
    metric,
    ...chart({
      ...about,
      title: metric[0].toUpperCase() + metric.slice(1),
      trends: true,
      round: (round) => `round ${round}`,
      onRound: (round) => {
        for (const { mark } of charts) mark(round);
      },
      onChoose: (round, event) => void selectWhere(connection, { iteration: round }, selectMode(event)),
    }),
  }));
  body.append(...charts.map((each) => each.element));

  const chosen = () => {
    const colour = colours();
    return store
      .get("info")
      .classes.map((row, i) => ({ ...row, colour: colour[i] }))
      .filter(({ id }) => ui.classes.has(id));
  };
  let drawn: { rows: MetricRow[]; look: string } | null = null;
  const render = () => {
    const { clientWidth, clientHeight } = body;
    const rows = store.get("metrics");
    const classes = chosen().map(({ id, name, colour }) => ({ id, name, colour }));
    const look = JSON.stringify([classes, clientWidth, clientHeight, root.dataset.theme]);
    // The counts of the classes change many times a second while generating; nothing here does.
    if (drawn?.rows === rows && drawn.look === look) return;
    drawn = { rows, look };
    key.replaceChildren(
      ...(classes.length
        ? [{ name: "all", colour: "" }, ...classes].map(({ name, colour }) =>
            h("span", { style: colour ? { "--line": colour } : {} }, name),
          )
        : ["of all classes, by round"]),
    );
    key.title = classes.map(({ name }) => name).join(", ");
    const iterations = rows.map((row) => row.iteration);
    const span: [number, number] = iterations.length
      ? [Math.min(...iterations), Math.max(...iterations)]
      : [0, 0];
    for (const { metric, draw } of charts) {
      const mine = rows.filter(({ name }) => name === metric);
      const lines: ChartLine[] = [
        { name: "all classes", colour: null, points: series(mine, null) },
        ...classes.map(({ id, name, colour }) => ({ name, colour, points: series(mine, id) })),
      ];
      draw(lines, span);
    }
  };
  store.on("metrics", render, signal);
  store.on("info", render, signal);
  ui.on("classes", render, signal);
  root.addEventListener("datacrafter-theme", render, { signal });
  const size = new ResizeObserver(render);
  size.observe(body);
  signal.addEventListener("abort", () => size.disconnect(), { once: true });
  render();
  return element;
}

function series(rows: readonly MetricRow[], classId: number | null): ChartLine["points"] {
  return rows
    .filter((row) => row.class_id === classId && Number.isFinite(row.value))
    .sort((a, b) => a.iteration - b.iteration);
}
