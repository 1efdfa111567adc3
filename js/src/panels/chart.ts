import { h } from "../dom";
import { compact, linearScale } from "../scale";
import { svg } from "../svg";

export interface Series {
  title: string;
  /** Which way is better, and what the number says. */
  hint: string;
  better: "higher" | "lower";
  points: { iteration: number; value: number }[];
  /** First and last iteration of the axis. */
  span: [number, number];
  /** What is said beside the value of a point; its round or its change when absent. */
  note?: (at: number) => string;
  /** Called with the point that the pointer is nearest to. */
  onPoint?: (at: number) => void;
}

const TOP = 8;
const BOTTOM = 16;
const SIDE = 8;

/** One metric over the iterations: the latest value large, a line below it, values on hover. */
export function chart(series: Series, width: number, height: number): HTMLElement {
  const { points } = series;
  const last = points[points.length - 1];
  const value = h("b", {}, last ? compact(last.value) : "–");
  const note = h("span", { class: "dc-chart-note" });
  const tell = (at: number) => {
    value.textContent = compact(points[at].value);
    note.textContent = series.note?.(at) ?? describe(series, at);
    note.dataset.trend = series.note ? "none" : trend(series, at);
    series.onPoint?.(at);
  };
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  if (last) {
    drawLine(plot, series, width, height, tell);
    tell(points.length - 1);
  } else plot.append(svg("text", { class: "dc-tick dc-none", x: 0, y: height / 2 }, "after the first round"));
  plot.setAttribute(
    "aria-label",
    `${series.title}: ${points.map((p) => compact(p.value)).join(", ") || "no values"}`,
  );
  const arrow = series.better === "higher" ? "↑" : "↓";
  const head = h(
    "div",
    { class: "dc-chart-head", title: series.hint },
    h("span", { class: "dc-chart-title" }, series.title, h("i", {}, arrow)),
    h("span", { class: "dc-chart-value" }, value, note),
  );
  return h("div", { class: "dc-chart", attrs: { "data-metric": series.title.toLowerCase() } }, head, plot);
}

function drawLine(
  plot: SVGSVGElement,
  series: Series,
  width: number,
  height: number,
  tell: (at: number) => void,
): void {
  const { points } = series;
  const x = linearScale(series.span, [SIDE, width - SIDE], 0);
  const y = linearScale(
    points.map((point) => point.value),
    [height - BOTTOM - 2, TOP],
  );
  const at = points.map((point) => [x(point.iteration), y(point.value)]);
  const base = height - BOTTOM + 2;
  plot.append(svg("line", { class: "dc-axis", x1: SIDE, x2: width - SIDE, y1: base, y2: base }));
  const [first, final] = series.span;
  const every = Math.ceil((final - first + 1) / Math.max(2, width / 34));
  for (let iteration = first; iteration <= final; iteration += every) {
    plot.append(svg("text", { class: "dc-tick", x: x(iteration), y: height - 3 }, String(iteration)));
  }
  const path = `M${at.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join("L")}`;
  if (points.length > 1) {
    plot.append(
      svg("path", { class: "dc-area", d: `${path}L${at[at.length - 1][0]},${base}L${at[0][0]},${base}Z` }),
    );
    plot.append(svg("path", { class: "dc-line", d: path }));
  }
  const dots = at.map(([cx, cy]) => svg("circle", { class: "dc-point", cx, cy, r: 3 }));
  plot.append(...dots);
  const mark = (chosen: number) => {
    dots.forEach((dot, i) => {
      dot.classList.toggle("dc-on", i === chosen);
    });
    tell(chosen);
  };
  mark(points.length - 1);
  plot.addEventListener("pointermove", (event) => {
    const px =
      ((event.clientX - plot.getBoundingClientRect().left) / plot.getBoundingClientRect().width) * width;
    mark(at.reduce((best, [cx], i) => (Math.abs(cx - px) < Math.abs(at[best][0] - px) ? i : best), 0));
  });
  plot.addEventListener("pointerleave", () => mark(points.length - 1));
}

function describe({ points }: Series, at: number): string {
  const { iteration, value } = points[at];
  const round = iteration === 0 ? "originals" : `round ${iteration}`;
  if (at === 0 || at < points.length - 1) return round;
  const before = points[at - 1].value;
  const change = before ? (100 * (value - before)) / Math.abs(before) : 0;
  return `${change >= 0 ? "+" : "−"}${Math.abs(change).toFixed(Math.abs(change) < 10 ? 1 : 0)} %`;
}

function trend({ points, better }: Series, at: number): string {
  if (at === 0) return "none";
  const change = points[at].value - points[at - 1].value;
  if (change === 0) return "none";
  return change > 0 === (better === "higher") ? "good" : "bad";
}
