import { h } from "../dom";
import { gainBars } from "../gainbar";
import type { EditRow } from "../protocol";
import { gainText, hundredths } from "../scale";

/** What each edit of the prompt brought: its gain as a bar with the error as a whisker. */
export function editList(edits: readonly EditRow[]): HTMLElement | null {
  if (!edits.length) return null;
  const bars = gainBars(edits);
  const measured = bars.some((bar) => bar);
  return h(
    "section.dc-brought",
    { label: "What each change brought" },
    h(
      "h4",
      { title: "Found by leaving each change out. In standard deviations of the class's pictures." },
      "What each change brought",
      !measured && h("span", "not measured"),
    ),
    ...edits.map(({ text, gain, standard_error }, i) => {
      const bar = bars[i];
      const name = h("span", text);
      if (gain === null || !bar) {
        return h("div.dc-edit", name, measured && h("em", "not measured"));
      }
      const error = standard_error === null ? "" : ` ± ${hundredths(standard_error)}`;
      const percent = (value: number) => `${value.toFixed(1)}%`;
      const span = (from: number, to: number) => ({ left: percent(from), width: percent(to - from) });
      return h(
        "div.dc-edit",
        { title: `${text}: ${gainText(gain)}${error}` },
        name,
        h(
          "i.dc-gain-bar",
          { "data-sign": gain < 0 ? "minus" : "plus" },
          h("i.dc-gain-fill", { style: span(bar.from, bar.to) }),
          standard_error !== null && h("i.dc-gain-error", { style: span(bar.low, bar.high) }),
          h("i.dc-gain-zero", { style: { left: percent(bar.zero) } }),
        ),
        h("b", gainText(gain)),
      );
    }),
  );
}
