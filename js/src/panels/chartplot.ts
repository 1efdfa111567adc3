import { linearScale } from "../scale";
import { svg } from "../svg";

export interface ChartLine {
  name: string;
  /** A colour; null: the strong line's own. */
  colour: string | null;
  /** By iteration. */
  points: { iteration: number; value: number; provisional?: boolean; low?: number; high?: number }[];
}

export interface ChartPlot {
  /** The rounds that any line has a value of, ascending. */
  rounds: number[];
  x: (round: number) => number;
  nearest: (x: number) => number;
  provisional: (round: number) => boolean;
  /** Points at a round with a line, or at `last` without. */
  mark: (round: number | null, last?: number) => void;
}

const TOP = 8;
const BOTTOM = 16;
const SIDE = 13;

/** Draws lines over an axis of rounds; what is not final yet is dashed, and its round is called "now". */
export function drawPlot(
  plot: SVGSVGElement,
  lines: readonly ChartLine[],
  span: [number, number],
  width: number,
  height: number,
): ChartPlot {
  const all = lines.flatMap(({ points }) => points);
  const rounds = [...new Set(all.map(({ iteration }) => iteration))].sort((a, b) => a - b);
  const x = linearScale(span, [SIDE, width - SIDE], 0);
  const y = linearScale(
    [
      ...all.map(({ value }) => value),
      ...lines[0].points.flatMap(({ value, low = value, high = value }) => [low, high]),
    ],
    [height - BOTTOM - 2, TOP],
  );
  const base = height - BOTTOM + 2;
  const provisional = (round: number) => all.some((point) => point.iteration === round && point.provisional);
  const cursor = svg("line", { class: "dc-cursor", y1: TOP - 4, y2: base });
  const dots: [number, SVGCircleElement][] = [];
  const draw = ({ points, colour }: ChartLine, strong: boolean) => {
    const at = points.map(({ iteration, value }) => `${x(iteration).toFixed(1)},${y(value).toFixed(1)}`);
    const known = points.filter((point) => !point.provisional).length;
    const group = svg("g", { class: strong ? "dc-strong" : "" });
    group.style.setProperty("--line", colour);
    if (strong && known > 1) {
      // The interval, or else what is below the line.
      const edge = (end: "low" | "high") =>
        points.slice(0, known).map((point) => `${x(point.iteration)},${y(point[end] ?? point.value)}`);
      const banded = points[0].low !== undefined;
      const [first, last] = [points[0], points[known - 1]].map(({ iteration }) => x(iteration));
      const below = banded ? edge("low").reverse() : [`${last},${base}`, `${first},${base}`];
      const d = `M${[...edge("high"), ...below].join("L")}Z`;
      group.append(svg("path", { class: banded ? "dc-band" : "dc-area", d }));
    }
    if (known > 1) group.append(svg("path", { class: "dc-line", d: `M${at.slice(0, known).join("L")}` }));
    if (known && known < at.length) {
      group.append(svg("path", { class: "dc-line dc-provisional", d: `M${at.slice(known - 1).join("L")}` }));
    }
    for (const point of points) {
      const kind = point.provisional ? "dc-point dc-provisional" : "dc-point";
      const circle = { class: kind, cx: x(point.iteration), cy: y(point.value), r: strong ? 3 : 2.2 };
      const dot = svg("circle", circle);
      dots.push([point.iteration, dot]);
      group.append(dot);
    }
    return group;
  };
  const ticks: SVGElement[] = [];
  const [first, final] = span;
  const every = Math.ceil((final - first + 1) / Math.max(2, width / 34));
  for (let round = final; round >= first; round -= every) {
    const text = provisional(round) ? "now" : String(round);
    ticks.unshift(svg("text", { class: "dc-tick", x: x(round), y: height - 3 }, text));
  }
  plot.replaceChildren(
    svg("line", { class: "dc-axis", x1: SIDE, x2: width - SIDE, y1: base, y2: base }),
    cursor,
    ...ticks,
    ...[...lines.entries()].reverse().map(([i, line]) => draw(line, i === 0)), // the strong one on top
  );
  return {
    rounds,
    x,
    provisional,
    nearest: (px) => rounds.reduce((a, b) => (Math.abs(x(b) - px) < Math.abs(x(a) - px) ? b : a)),
    mark: (round, last) => {
      cursor.setAttribute("visibility", round === null ? "hidden" : "visible");
      for (const end of ["x1", "x2"]) cursor.setAttribute(end, String(x(round ?? first)));
      for (const [iteration, dot] of dots) dot.classList.toggle("dc-on", iteration === (round ?? last));
    },
  };
}
