import { after } from "../../after";
import { h } from "../../dom";
import type { Scope } from "../../scope";
import { select } from "../../selecting";
import { type CellState, type PictureCell, pictureCell } from "./cell";
import { type Cell, familyLayout, type Line, type Shown } from "./layout";
import { GAP, SPLIT, shapeOf } from "./shape";

interface Options {
  scope: Scope;
  /** What a picture looks like now. */
  state: (id: number, classId: number) => CellState;
  /** The name, the colour and the counts in the title of a class. */
  title: (classId: number) => HTMLElement;
  compare: (id: number) => void;
  /** Called around a change of the selection that is made here. */
  choosing: (change: () => void) => void;
  /** There is room to draw in: not while the panel is folded. */
  opened: () => void;
}

export interface FamilyGrid {
  element: HTMLElement;
  /** Whether there is room to draw in. */
  open: () => boolean;
  /** Takes over what to show, with fresh marks and colours; what is at the top of the view stays there. */
  show: (families: readonly Shown[]) => void;
  /** Draws marks and colours anew. */
  refresh: () => void;
}

interface Row {
  element: HTMLElement;
  pictures: string;
  classId: number;
}

const AROUND = 240; // pixels above and below the view that are drawn, too
const REST_MS = 80;
const LAST = 1e9;

/** Pictures in lines, of which only those in view are in the document; arrows move among all of them. */
export function familyGrid({ scope, state, title, compare, choosing, opened }: Options): FamilyGrid {
  const { connection, signal } = scope;
  const { ui } = connection;
  const canvas = h("div.dc-families-canvas", { role: "rowgroup" });
  const leave = () => ui.setHover(null);
  const element = h(
    "div.dc-families",
    {
      role: "grid",
      label: "Originals and what was generated from them",
      "aria-multiselectable": "true",
      on: {
        scroll: () => onScroll(),
        click: (event) => onClick(event),
        keydown: (event) => onKey(event),
        pointerover: (event) => hover(event),
        pointerleave: leave,
        focusout: leave,
        focusin: (event) => {
          active = pictureAt(event.target) || active;
          tabStop();
          hover(event);
        },
      },
    },
    canvas,
  );
  const rows = new Map<string, Row>();
  const cells = new Map<number, PictureCell>();
  let families: readonly Shown[] = [];
  let [width, height] = [0, 0];
  let shape = shapeOf(0);
  let layout = familyLayout([], shape);
  /** The picture that the Tab key comes to, and the one from which Shift extends. */
  let [active, anchor] = [0, 0];
  let scrolled = 0;
  const rest = after(REST_MS, signal);

  const refresh = () => {
    for (const row of rows.values()) {
      row.element.querySelector(".dc-families-class")?.replaceWith(title(row.classId));
      for (const cell of row.element.children) {
        const id = pictureAt(cell);
        cells.get(id)?.update(state(id, row.classId));
      }
    }
  };

  const lay = () => {
    if (!width) return;
    const { scrollTop } = element;
    const before = layout.lines ? layout.line(layout.withPictures(layout.at(scrollTop), 1)) : null;
    shape = shapeOf(width);
    layout = familyLayout(families, shape);
    canvas.style.height = `${layout.height}px`;
    element.style.setProperty("--tile", `${shape.tile}px`);
    element.ariaRowCount = String(layout.lines);
    element.ariaColCount = String(shape.columns);
    const line = scrollTop && before?.cells.length ? layout.find(before.cells[0].id) : -1;
    if (before && line >= 0) element.scrollTop = layout.line(line).top + scrollTop - before.top;
    const focused = element.matches(":focus-within");
    draw(false);
    load(true);
    if (focused && !element.matches(":focus-within")) {
      element.querySelector<HTMLElement>("[data-picture][tabindex='0']")?.focus({ preventScroll: true });
    }
  };

  /** With `keep`, a line that has the focus stays in the document when it is out of view. */
  const draw = (keep = true) => {
    if (!height) return;
    const drawn = new Set<string>();
    const last = layout.lines ? layout.at(element.scrollTop + height + AROUND) : -1;
    for (let number = layout.at(element.scrollTop - AROUND); number <= last; number++) {
      const line = layout.line(number);
      drawn.add(line.key);
      drawLine(line, number);
    }
    for (const [key, row] of rows) {
      if (drawn.has(key) || (keep && row.element.matches(":focus-within"))) continue;
      row.element.remove();
      rows.delete(key);
    }
    for (const [id, cell] of cells) if (!cell.element.isConnected) cells.delete(id);
    tabStop();
  };

  const drawLine = (line: Line, number: number) => {
    const pictures = `${shape.tile} ${line.cells.map(({ id }) => id)}`;
    let row = rows.get(line.key);
    if (row?.pictures !== pictures) {
      row?.element.remove();
      row = { element: makeRow(line), pictures, classId: line.classId };
      rows.set(line.key, row);
      canvas.append(row.element);
    }
    row.element.style.top = `${line.top}px`;
    row.element.ariaRowIndex = String(number + 1);
  };

  const makeRow = (line: Line): HTMLElement => {
    const { kind, classId, original } = line;
    const row = h("div.dc-family", { role: "row" });
    if (kind === "class") row.append(title(classId));
    else if (original !== null && original >= 0) row.dataset.family = String(original || "none");
    if (original === 0) {
      const props = { class: "dc-nothing", title: "From a prompt alone", role: "rowheader" };
      row.append(h("div", props, "from text"));
    }
    for (const { id, column, generated } of line.cells) {
      const known = cells.get(id);
      const cell = known?.generated === generated ? known : pictureCell(scope, id, generated);
      cells.set(id, cell);
      cell.update(state(id, classId));
      cell.element.ariaColIndex = String(column + 1);
      cell.element.style.insetInlineStart = `${column * (shape.tile + GAP) + (column ? SPLIT : 0)}px`;
      row.append(cell.element);
    }
    return row;
  };

  const tabStop = () => {
    let stop = cells.get(active);
    const { top } = element.getBoundingClientRect();
    for (const cell of cells.values()) {
      if (!stop && cell.element.getBoundingClientRect().top >= top) stop = cell;
      cell.element.tabIndex = -1;
    }
    stop ??= cells.values().next().value;
    if (stop) stop.element.tabIndex = 0;
  };

  const load = (rested: boolean) => {
    for (const cell of cells.values()) cell.load(rested);
  };

  const onScroll = () => {
    const slow = Math.abs(element.scrollTop - scrolled) < height / 3;
    scrolled = element.scrollTop;
    draw();
    load(slow);
    rest(() => load(true));
  };

  const hover = ({ target }: Event) => {
    const id = pictureAt(target);
    if (ui.hover?.pictures.size === 1 && ui.hover.pictures.has(id)) return;
    ui.setHover(id ? { pictures: new Set([id]), labels: new Set() } : null);
  };

  const toggle = (id: number) => {
    const mode = ui.selection.includes(id) ? "subtract" : "add";
    choosing(() => select(connection, [id], mode));
  };

  /** Selects what is between the picture that was last chosen and this one; with Ctrl, too. */
  const extend = (id: number, add: boolean) => {
    const to = layout.find(id);
    let from = layout.find(anchor);
    if (from < 0) [from, anchor] = [to, id];
    const ids = layout.pictures(Math.min(from, to), Math.max(from, to));
    const ends = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
    choosing(() => select(connection, ids.slice(ends[0], ends[1] + 1), add ? "add" : "replace"));
  };

  const onClick = (event: MouseEvent) => {
    const id = pictureAt(event.target);
    const commanded = event.ctrlKey || event.metaKey;
    if (!id) return;
    if (event.shiftKey) extend(id, commanded);
    else {
      anchor = id;
      if (commanded || event.altKey) toggle(id);
      else ui.emit("sheet", id);
    }
  };

  const onKey = (event: KeyboardEvent) => {
    const id = pictureAt(event.target);
    const { key, shiftKey } = event;
    const commanded = event.ctrlKey || event.metaKey;
    if (!id || event.altKey) return;
    const to = target(id, key, commanded);
    if (to) {
      focus(...to);
      if (shiftKey) extend(active, false);
      else anchor = active;
    } else if (key === " " && shiftKey) extend(id, false);
    else if (key === " ") {
      anchor = id;
      toggle(id);
    } else if (commanded) return;
    else if (key === "Enter") ui.emit("sheet", id);
    else if (key === "c" || key === "C") compare(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  /** The line and the column that a key leads to, if it leads anywhere. */
  const target = (id: number, key: string, all: boolean): [line: number, column: number] | null => {
    const line = layout.find(id);
    if (line < 0) return null;
    const own = layout.line(line).cells;
    const at = own.findIndex((cell) => cell.id === id);
    const near = (by: number) =>
      layout.withPictures(Math.min(layout.lines - 1, Math.max(0, line + by)), by < 0 ? -1 : 1);
    const page = Math.max(1, Math.floor(height / (shape.tile + GAP)) - 1);
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[key];
    if (by) return [near(by), own[at].column];
    if (key === "Home") return [all ? near(-LAST) : line, 0];
    if (key === "End") return [all ? near(LAST) : line, LAST];
    if (key !== "ArrowLeft" && key !== "ArrowRight") return null;
    const step = (key === "ArrowRight") === (getComputedStyle(element).direction !== "rtl") ? 1 : -1;
    const next = own[at + step];
    if (next) return [line, next.column];
    const other = near(step);
    return (other - line) * step > 0 ? [other, step > 0 ? 0 : LAST] : [line, own[at].column];
  };

  const focus = (line: number, column: number) => {
    const { top, cells: all } = layout.line(line);
    const bottom = top + shape.tile + GAP;
    // A title above the first line comes along.
    if (top < element.scrollTop) element.scrollTop = line === layout.withPictures(0, 1) ? 0 : top - GAP;
    else if (bottom > element.scrollTop + height) element.scrollTop = bottom - height;
    draw();
    active = nearest(all, column);
    cells.get(active)?.element.focus({ preventScroll: true });
  };

  const watch = new ResizeObserver(() => {
    const was = width && height;
    const { clientWidth } = canvas;
    height = element.clientHeight;
    if (clientWidth !== width) {
      width = clientWidth;
      lay();
    } else draw();
    if (!was && width && height) opened();
  });
  watch.observe(element);
  signal.addEventListener("abort", () => watch.disconnect());
  return {
    element,
    open: () => width > 0 && height > 0,
    show: (list) => {
      families = list;
      lay();
      refresh();
    },
    refresh,
  };
}

function pictureAt(target: EventTarget | null): number {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-picture]") : null;
  return Number(cell?.dataset.picture ?? 0);
}

function nearest(cells: readonly Cell[], column: number): number {
  const away = (cell: Cell) => Math.abs(cell.column - column);
  return cells.reduce((best, cell) => (away(cell) < away(best) ? cell : best)).id;
}
