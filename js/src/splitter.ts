import { h } from "./dom";

interface SplitterOptions {
  /** What it resizes, for its name. */
  label: string;
  /** Whether it parts columns, or else the panels of a column. */
  columns: boolean;
  /** The share that the side before it has now, or the side after it. */
  share: () => number;
  /** Whether `share` is of the side after it. */
  after?: boolean;
  /** Called while it moves, and once more when it rests; null is the usual size. */
  move: (share: number | null, rests: boolean) => void;
}

const [LEAST, MOST] = [0.1, 0.9];
const STEP = 0.02;

/** A line between two panels that a pointer or the arrow keys move; a double click or Enter puts it back. */
export function splitter({ label, columns, share, after = false, move }: SplitterOptions): HTMLElement {
  const within = (value: number) => Math.min(MOST, Math.max(LEAST, value));
  const tell = () => {
    element.ariaValueNow = String(Math.round(100 * within(share())));
  };
  const to = (value: number | null, rests: boolean) => {
    move(value === null ? null : within(value), rests);
    tell();
  };
  let grip = 0; // from the line to where it was taken
  let moved = false;
  /** Whether more is to the right, as the side that is measured comes first, from left to right. */
  const isFlipped = () => after !== (columns && getComputedStyle(element).direction === "rtl");
  const at = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = element.parentElement!.getBoundingClientRect();
    const before = columns ? (clientX - left) / width : (clientY - top) / height;
    return isFlipped() ? 1 - before : before;
  };
  const element = h("div", {
    class: `dc-splitter dc-splitter-${columns ? "columns" : "rows"}`,
    title: `${label}: drag, or arrow keys; double click or Enter for the usual size`,
    role: "separator",
    tabindex: 0,
    label,
    "aria-orientation": columns ? "vertical" : "horizontal",
    "aria-valuemin": 100 * LEAST,
    "aria-valuemax": 100 * MOST,
    "aria-valuenow": 50,
    on: {
      focus: tell,
      pointerdown: (event) => {
        if (event.button !== 0) return;
        element.setPointerCapture(event.pointerId);
        event.preventDefault(); // no text is selected
        element.focus({ preventScroll: true });
        grip = at(event) - share();
        moved = false;
      },
      pointermove: (event) => {
        if (!element.hasPointerCapture(event.pointerId)) return;
        moved = true;
        to(at(event) - grip, false);
      },
      pointerup: (event) => moved && element.hasPointerCapture(event.pointerId) && to(at(event) - grip, true),
      dblclick: () => to(null, true),
      keydown: (event) => {
        const more = columns && isFlipped() ? -STEP : STEP;
        const by = {
          [columns ? "ArrowRight" : "ArrowDown"]: more,
          [columns ? "ArrowLeft" : "ArrowUp"]: -more,
        }[event.key];
        const end = { Home: LEAST, End: MOST, Enter: null }[event.key];
        if (by) to(share() + by * (event.shiftKey ? 5 : 1), true);
        else if (end !== undefined) to(end, true);
        else return;
        event.preventDefault();
        event.stopPropagation();
      },
    },
  });
  return element;
}
