import { h } from "../dom";
import { compact } from "../scale";
import type { ChartLine } from "./chartplot";

interface ChartTip {
  element: HTMLElement;
  open: () => boolean;
  show: (plot: HTMLElement, x: number, title: string, values: { line: ChartLine; value: number }[]) => void;
  hide: () => void;
}

const MOST = 14;

/** The values of all lines at one round, above everything else. What it says is in the plot's own value text too. */
export function chartTip(): ChartTip {
  const element = h("div.dc-popover.dc-chart-tip", {
    popover: "manual",
    "aria-hidden": "true",
  });
  const open = () => element.matches(":popover-open");
  return {
    element,
    open,
    hide: () => open() && element.hidePopover(),
    show: (plot, x, title, values) => {
      const rows = values
        .slice(0, MOST)
        .map(({ line, value }) =>
          h(
            "div",
            { style: line.colour ? { "--line": line.colour } : {} },
            h("i"),
            h("span", line.name),
            h("b", compact(value)),
          ),
        );
      const more = values.length - rows.length;
      element.replaceChildren(h("em", title), ...rows, ...(more > 0 ? [h("em", `and ${more} more`)] : []));
      if (!open()) element.showPopover();
      const box = plot.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = element;
      const { clientWidth, clientHeight } = document.documentElement;
      const right = box.left + x + 12;
      element.style.left = `${Math.max(4, right + width > clientWidth ? right - width - 24 : right)}px`;
      element.style.top = `${Math.max(4, Math.min(box.top, clientHeight - height - 4))}px`;
    },
  };
}
