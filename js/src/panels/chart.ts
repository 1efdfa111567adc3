import { h } from "../dom";
import { compact, hundredths } from "../scale";
import { svg } from "../svg";
import { type ChartLine, type ChartPlot, drawPlot } from "./chartplot";
import { chartTip } from "./charttip";

export interface ChartAbout {
  title: string;
  /** Which way is better, and what the number says. */
  hint: string;
  better: "higher" | "lower";
  /** What a round is called, as in "round 3"; it is said beside its value. */
  round: (at: number) => string;
  /** Whether the last value is said with how it changed. */
  trends?: boolean;
  /** Called with the round that the pointer or the keys are at; null when they leave. */
  onRound: (round: number | null) => void;
  /** Called when a round is chosen. */
  onChoose?: (round: number, event: MouseEvent | KeyboardEvent) => void;
}

export interface Chart {
  element: HTMLElement;
  /** Draws the lines, the first of which is the strong one, over the rounds from `span[0]` to `span[1]`. */
  draw: (lines: readonly ChartLine[], span: [number, number]) => void;
  /** Shows the values of a round; those of the last one when null. */
  mark: (round: number | null) => void;
}

/** One metric over the rounds: its value large, lines below it, all values of a round by pointer and by keys. */
export function chart(about: ChartAbout): Chart {
  const value = h("b", "–");
  const note = h("span.dc-chart-note");
  const plot = svg("svg", { "aria-hidden": "true" });
  const tip = chartTip();
  const slider = h(
    "div.dc-chart-plot",
    {
      role: "slider",
      label: about.title,
      title: about.onChoose && "Click a round to select its pictures",
      on: {
        pointermove: ({ clientX }) => {
          const round = drawn?.nearest(clientX - slider.getBoundingClientRect().left);
          if (round !== undefined && (round !== now || !tip.open())) go(round);
        },
        pointerleave: () => go(null),
        blur: () => go(null),
        click: (event) => now !== null && about.onChoose?.(now, event),
        keydown: (event) => step(event),
      },
    },
    plot,
  );
  let lines: readonly ChartLine[] = [];
  let drawn: ChartPlot | null = null;
  let now: number | null = null;

  const mark = (round: number | null) => {
    now = round;
    const main = lines[0]?.points ?? [];
    const at = round === null ? main.length - 1 : main.findIndex(({ iteration }) => iteration === round);
    value.textContent = at < 0 ? "–" : compact(main[at].value);
    [note.textContent, note.dataset.trend] = at < 0 ? ["", "none"] : describe(at, round !== null);
    drawn?.mark(round, main[at]?.iteration);
    if (at >= 0 && drawn) say(round ?? main[at].iteration);
  };
  const name = (round: number) => about.round(round) + (drawn?.provisional(round) ? ", so far" : "");
  const say = (round: number) => {
    const values = linesAt(round).map(({ line, value }) => `${line.name} ${compact(value)}`);
    put(slider, { "aria-valuenow": round, "aria-valuetext": `${name(round)}: ${values.join(", ")}` });
  };
  const linesAt = (round: number) =>
    lines.flatMap((line) => {
      const point = line.points.find(({ iteration }) => iteration === round);
      return point ? [{ line, value: point.value }] : [];
    });
  const describe = (at: number, chosen: boolean) => {
    const { points } = lines[0];
    const { iteration, value: last, low = last, high = last } = points[at];
    const change = at > 0 ? last - points[at - 1].value : 0;
    if (high > low && !chosen) return [`± ${hundredths((high - low) / 2)}`, "none"];
    if (chosen || at === 0 || !about.trends) return [name(iteration), "none"];
    const percent = Math.abs((100 * change) / (points[at - 1].value || last || 1));
    const so = drawn?.provisional(iteration) ? "now " : "";
    return [
      `${so}${change < 0 ? "−" : "+"}${percent.toFixed(percent < 10 ? 1 : 0)} %`,
      !change ? "none" : change > 0 === (about.better === "higher") ? "good" : "bad",
    ];
  };
  const go = (round: number | null) => {
    about.onRound(round);
    if (round === null || lines.length < 2 || !drawn) tip.hide();
    else tip.show(slider, drawn.x(round), name(round), linesAt(round));
  };

  const step = (event: KeyboardEvent) => {
    const rounds = drawn?.rounds ?? [];
    if (event.key === "Enter" && now !== null) about.onChoose?.(now, event);
    const last = rounds.length - 1;
    const at = now === null ? last : rounds.indexOf(now);
    const [back, on] = [Math.max(0, at - 1), Math.min(last, at + 1)];
    const to = { ArrowLeft: back, ArrowDown: back, ArrowRight: on, ArrowUp: on, Home: 0, End: last }[
      event.key
    ];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    go(rounds[to]);
  };

  const arrow = about.better === "higher" ? "↑" : "↓";
  const element = h(
    "div.dc-chart",
    { "data-metric": about.title.toLowerCase() },
    h(
      "div.dc-chart-head",
      { title: about.hint },
      h("span.dc-chart-title", about.title, h("i", arrow)),
      h("span.dc-chart-value", value, note),
    ),
    slider,
    tip.element,
  );
  return {
    element,
    mark,
    draw: (next, span) => {
      lines = next;
      const width = Math.max(80, slider.clientWidth);
      const height = Math.max(44, slider.clientHeight);
      put(plot, { viewBox: `0 0 ${width} ${height}`, width, height });
      drawn = lines[0]?.points.length ? drawPlot(plot, lines, span, width, height) : null;
      slider.tabIndex = drawn ? 0 : -1;
      put(slider, { "aria-disabled": !drawn, "aria-valuemin": span[0], "aria-valuemax": span[1] });
      if (!drawn) {
        const none = "after the first round";
        plot.replaceChildren(svg("text", { class: "dc-tick dc-none", x: 0, y: height / 2 }, none));
        put(slider, { "aria-valuenow": 0, "aria-valuetext": none });
      }
      mark(drawn?.rounds.includes(now ?? Number.NaN) ? now : null);
    },
  };
}

function put(element: Element, attributes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
