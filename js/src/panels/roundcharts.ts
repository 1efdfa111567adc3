import { h } from "../dom";
import type { MetricRow, PanelName } from "../protocol";
import type { Scope } from "../scope";
import { selectMode, selectWhere } from "../selecting";
import { type ChartAbout, chart } from "./chart";
import type { ChartLine } from "./chartplot";
import { type Frame, frame } from "./frame";

/** What a chart shows, by the name of its rows. */
export type RoundCharts = Record<string, Pick<ChartAbout, "title" | "hint" | "better" | "trends">>;

interface Source {
  name: PanelName & ("metrics" | "evaluation");
  title: string;
  shown: RoundCharts;
  rows: () => MetricRow[];
}

/** A panel of charts over the rounds: a strong line for all classes and one for each class that is chosen. */
export function roundCharts(
  { connection, signal, colours, root }: Scope,
  { name, title, shown, rows: read }: Source,
): Frame {
  const { store, ui } = connection;
  const panel = frame(name, title);
  const { header, body } = panel;
  const key = h("span.dc-panel-note.dc-key");
  header.append(key);
  body.classList.add("dc-charts");
  const charts = Object.entries(shown).map(([metric, about]) => ({
    metric,
    ...chart({
      ...about,
      round: (round) => (round ? `round ${round}` : "originals"),
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
    const rows = read();
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
  store.on(name, render, signal);
  store.on("info", render, signal);
  ui.on("classes", render, signal);
  root.addEventListener("datacrafter-theme", render, { signal });
  const size = new ResizeObserver(render);
  size.observe(body);
  signal.addEventListener("abort", () => size.disconnect(), { once: true });
  render();
  return panel;
}

function series(rows: readonly MetricRow[], classId: number | null): ChartLine["points"] {
  return rows
    .filter((row) => row.class_id === classId && Number.isFinite(row.value))
    .sort((a, b) => a.iteration - b.iteration);
}
