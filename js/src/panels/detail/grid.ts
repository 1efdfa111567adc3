import { h } from "../../dom";
import type { Scope } from "../../scope";
import { select, selectMode } from "../../selecting";
import { type CellState, PictureCell } from "./cell";
import { type Cell, FamilyLayout, type Line, type Shown } from "./layout";
import { GAP, type Shape, SPLIT, shapeOf } from "./shape";

interface Options {
  scope: Scope;
  /** What a picture looks like now. */
  state: (id: number, classId: number) => CellState;
  /** The name, the colour and the counts in the title of a class. */
  title: (classId: number) => HTMLElement;
  compare: (id: number) => void;
  /** Called around a change of the selection that is made here. */
  choosing: (change: () => void) => void;
}

interface Row {
  element: HTMLElement;
  pictures: string;
  classId: number;
}

const AROUND = 240; // pixels above and below the view that are drawn, too
const REST_MS = 80;

/** Pictures in lines, of which only those in view are in the document; arrows move among all of them. */
export class FamilyGrid {
  readonly element: HTMLElement;
  readonly #canvas = h("div", { class: "dc-families-canvas", attrs: { role: "rowgroup" } });
  readonly #options: Options;
  readonly #rows = new Map<string, Row>();
  readonly #cells = new Map<number, PictureCell>();
  #families: readonly Shown[] = [];
  #layout = new FamilyLayout([], { columns: 2, tile: 50 });
  #shape: Shape = { columns: 2, tile: 50 };
  #width = 0;
  #height = 0;
  /** The picture that the Tab key comes to, and the one from which Shift extends. */
  #active = 0;
  #anchor = 0;
  #rest = 0;
  #scrolled = 0;

  constructor(options: Options) {
    this.#options = options;
    const { signal } = options.scope;
    this.element = h(
      "div",
      {
        class: "dc-families",
        attrs: {
          role: "grid",
          "aria-label": "Originals and what was generated from them",
          "aria-multiselectable": "true",
        },
      },
      this.#canvas,
    );
    const on = { signal };
    this.element.addEventListener("scroll", () => this.#onScroll(), { ...on, passive: true });
    this.element.addEventListener("click", (event) => this.#onClick(event), on);
    this.element.addEventListener("keydown", (event) => this.#onKey(event), on);
    this.element.addEventListener("focusin", ({ target }) => this.#onPoint(target, true), on);
    this.element.addEventListener("pointerover", ({ target }) => this.#onPoint(target, false), on);
    const leave = () => options.scope.connection.ui.setHover(null);
    this.element.addEventListener("pointerleave", leave, on);
    this.element.addEventListener("focusout", leave, on);
    const watch = new ResizeObserver(() => this.#resize());
    watch.observe(this.element);
    signal.addEventListener("abort", () => {
      watch.disconnect();
      window.clearTimeout(this.#rest);
    });
  }

  /** Whether there is room to draw in: not while the panel is folded. */
  get open(): boolean {
    return this.#width > 0 && this.#height > 0;
  }

  /** Takes over what to show; what is at the top of the view stays there. */
  show(families: readonly Shown[]): void {
    this.#families = families;
    this.#lay();
  }

  /** Draws marks and colours anew. */
  refresh(): void {
    for (const { element, classId } of this.#rows.values()) {
      const title = element.querySelector(".dc-families-class");
      if (title) title.replaceWith(this.#options.title(classId));
      for (const cell of element.querySelectorAll<HTMLElement>("[data-picture]")) {
        const id = Number(cell.dataset.picture);
        this.#cells.get(id)?.update(this.#options.state(id, classId));
      }
    }
  }

  scrollToTop(): void {
    this.element.scrollTop = 0;
  }

  #resize(): void {
    const { clientWidth } = this.#canvas;
    const { clientHeight } = this.element;
    const opened = !this.open;
    this.#height = clientHeight;
    if (clientWidth !== this.#width) {
      this.#width = clientWidth;
      this.#lay();
    } else this.#draw();
    if (opened && this.open) this.element.dispatchEvent(new CustomEvent("dc-open"));
  }

  #lay(): void {
    if (!this.#width) return;
    const { scrollTop } = this.element;
    const seen = this.#layout.withPictures(this.#layout.at(scrollTop), 1);
    const { top, cells } =
      scrollTop > 0 && this.#layout.lines ? this.#layout.line(seen) : { top: 0, cells: [] };
    const kept = cells[0]?.id ?? 0;
    this.#shape = shapeOf(this.#width);
    this.#layout = new FamilyLayout(this.#families, this.#shape);
    this.#canvas.style.height = `${this.#layout.height}px`;
    this.element.style.setProperty("--tile", `${this.#shape.tile}px`);
    this.element.setAttribute("aria-rowcount", String(this.#layout.lines));
    this.element.setAttribute("aria-colcount", String(this.#shape.columns));
    const line = kept ? this.#layout.find(kept) : -1;
    if (line >= 0) this.element.scrollTop = this.#layout.line(line).top + scrollTop - top;
    const focused = this.element.matches(":focus-within");
    this.#draw(false);
    this.#load(true);
    if (focused && !this.element.matches(":focus-within")) {
      this.element.querySelector<HTMLElement>("[data-picture][tabindex='0']")?.focus({ preventScroll: true });
    }
  }

  /** With `keep`, a line that has the focus stays in the document when it is out of view. */
  #draw(keep = true): void {
    if (!this.open) return;
    const { scrollTop } = this.element;
    const drawn = new Set<string>();
    const last = this.#layout.lines ? this.#layout.at(scrollTop + this.#height + AROUND) : -1;
    for (let number = this.#layout.at(scrollTop - AROUND); number <= last; number++) {
      const line = this.#layout.line(number);
      drawn.add(line.key);
      this.#drawLine(line, number);
    }
    for (const [key, { element }] of this.#rows) {
      if (drawn.has(key) || (keep && element.matches(":focus-within"))) continue;
      element.remove();
      this.#rows.delete(key);
    }
    for (const [id, { element }] of this.#cells) if (!element.isConnected) this.#cells.delete(id);
    this.#tabStop();
  }

  #drawLine(line: Line, number: number): void {
    const pictures = `${this.#shape.tile} ${line.cells.map(({ id }) => id).join()}`;
    let row = this.#rows.get(line.key);
    if (row?.pictures !== pictures) {
      row?.element.remove();
      row = { element: this.#row(line), pictures, classId: line.classId };
      this.#rows.set(line.key, row);
      this.#canvas.append(row.element);
    }
    row.element.style.top = `${line.top}px`;
    row.element.setAttribute("aria-rowindex", String(number + 1));
  }

  #row({ kind, classId, original, cells }: Line): HTMLElement {
    const row = h("div", { class: "dc-family", attrs: { role: "row" } });
    if (kind === "class") row.append(this.#options.title(classId));
    else if (original !== null && original >= 0) row.dataset.family = String(original || "none");
    if (original === 0) {
      row.append(
        h(
          "div",
          { class: "dc-nothing", attrs: { role: "rowheader" }, title: "From a prompt alone" },
          "from text",
        ),
      );
    }
    for (const cell of cells) row.append(this.#cell(cell, classId));
    return row;
  }

  #cell({ id, column, generated }: Cell, classId: number): HTMLElement {
    const known = this.#cells.get(id);
    const cell = known?.generated === generated ? known : new PictureCell(id, generated);
    this.#cells.set(id, cell);
    cell.update(this.#options.state(id, classId));
    cell.element.setAttribute("aria-colindex", String(column + 1));
    cell.element.style.insetInlineStart = `${column * (this.#shape.tile + GAP) + (column ? SPLIT : 0)}px`;
    return cell.element;
  }

  #tabStop(): void {
    let stop = this.#cells.get(this.#active);
    for (const cell of this.#cells.values()) {
      if (!stop && cell.element.getBoundingClientRect().top >= this.element.getBoundingClientRect().top)
        stop = cell;
      cell.element.tabIndex = -1;
    }
    stop ??= this.#cells.values().next().value;
    if (stop) stop.element.tabIndex = 0;
  }

  #load(rested: boolean): void {
    for (const cell of this.#cells.values()) cell.load(this.#options.scope, rested);
  }

  #onScroll(): void {
    const { scrollTop } = this.element;
    const slow = Math.abs(scrollTop - this.#scrolled) < this.#height / 3;
    this.#scrolled = scrollTop;
    this.#draw();
    this.#load(slow);
    window.clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.#load(true), REST_MS);
  }

  #onPoint(target: EventTarget | null, focus: boolean): void {
    const id = pictureAt(target);
    const { ui } = this.#options.scope.connection;
    if (focus && id) {
      this.#active = id;
      this.#tabStop();
    }
    if (ui.hover?.pictures.size === 1 && ui.hover.pictures.has(id)) return;
    ui.setHover(id ? { pictures: new Set([id]), labels: new Set() } : null);
  }

  #onClick(event: MouseEvent): void {
    const id = pictureAt(event.target);
    if (!id) return;
    const { shiftKey, ctrlKey, metaKey, altKey } = event;
    if (shiftKey) this.#extend(id, event);
    else this.#anchor = id;
    if (shiftKey) return;
    if (ctrlKey || metaKey || altKey) this.#toggle(id);
    else this.#options.scope.connection.ui.emit("sheet", id);
  }

  #toggle(id: number): void {
    const { connection } = this.#options.scope;
    const has = connection.ui.selection.includes(id);
    this.#options.choosing(() => select(connection, [id], has ? "subtract" : "add"));
  }

  /** Selects what is between the picture that was last chosen and this one. */
  #extend(id: number, keys: MouseEvent | KeyboardEvent): void {
    const from = this.#layout.find(this.#anchor);
    const to = this.#layout.find(id);
    if (from < 0) this.#anchor = id;
    const ids = this.#layout.pictures(from < 0 ? to : Math.min(from, to), Math.max(from, to));
    const [a, b] = [ids.indexOf(this.#anchor), ids.indexOf(id)];
    const mode =
      keys.altKey || keys.ctrlKey || keys.metaKey
        ? selectMode({ ...modifiers(keys), shiftKey: false })
        : "replace";
    const between = ids.slice(Math.min(a, b), Math.max(a, b) + 1);
    this.#options.choosing(() => select(this.#options.scope.connection, between, mode));
  }

  #onKey(event: KeyboardEvent): void {
    const id = pictureAt(event.target);
    const { key } = event;
    const commanded = event.ctrlKey || event.metaKey || event.altKey;
    if (!id) return;
    if (this.#move(event, id)) {
      // moved
    } else if (key === " ") {
      if (event.shiftKey) this.#extend(id, event);
      else {
        this.#anchor = id;
        this.#toggle(id);
      }
    } else if (commanded) return;
    else if (key === "Enter") this.#options.scope.connection.ui.emit("sheet", id);
    else if (key === "c" || key === "C") this.#options.compare(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves the focus as a key says; false when it says nothing of that. */
  #move(event: KeyboardEvent, id: number): boolean {
    const layout = this.#layout;
    const line = layout.find(id);
    if (line < 0) return false;
    const { cells } = layout.line(line);
    const at = cells.findIndex((cell) => cell.id === id);
    const { column } = cells[at];
    const page = Math.max(1, Math.floor(this.#height / (this.#shape.tile + GAP)) - 1);
    const all = event.ctrlKey || event.metaKey;
    const vertical = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[event.key];
    let to: [number, number] | undefined;
    if (vertical !== undefined) {
      const step = vertical < 0 ? -1 : 1;
      const wanted = Math.min(layout.lines - 1, Math.max(0, line + vertical));
      to = [layout.withPictures(wanted, step), column];
    } else if (event.key === "Home") to = [all ? layout.withPictures(0, 1) : line, 0];
    else if (event.key === "End") {
      to = [all ? layout.withPictures(layout.lines - 1, -1) : line, Number.POSITIVE_INFINITY];
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const step =
        (event.key === "ArrowRight") === (getComputedStyle(this.element).direction === "ltr") ? 1 : -1;
      const next = cells[at + step];
      if (next) to = [line, next.column];
      else {
        const other = layout.withPictures(Math.min(layout.lines - 1, Math.max(0, line + step)), step);
        to = (other - line) * step > 0 ? [other, step > 0 ? 0 : Number.POSITIVE_INFINITY] : [line, column];
      }
    }
    if (!to) return false;
    const target = nearest(layout.line(to[0]).cells, to[1]);
    this.#focus(to[0], target);
    if (event.shiftKey) this.#extend(target, { ...modifiers(event), ctrlKey: false } as KeyboardEvent);
    else this.#anchor = target;
    return true;
  }

  #focus(line: number, id: number): void {
    const { top } = this.#layout.line(line);
    const bottom = top + this.#shape.tile + GAP;
    const { scrollTop } = this.element;
    // A title above the first line comes along.
    if (top < scrollTop) this.element.scrollTop = this.#layout.withPictures(0, 1) === line ? 0 : top - GAP;
    else if (bottom > scrollTop + this.#height) this.element.scrollTop = bottom - this.#height;
    this.#draw();
    this.#cells.get(id)?.element.focus({ preventScroll: true });
  }
}

function pictureAt(target: EventTarget | null): number {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-picture]") : null;
  return Number(cell?.dataset.picture ?? 0);
}

function nearest(cells: readonly Cell[], column: number): number {
  if (column === Number.POSITIVE_INFINITY) return cells[cells.length - 1].id;
  return cells.reduce((best, cell) =>
    Math.abs(cell.column - column) < Math.abs(best.column - column) ? cell : best,
  ).id;
}

function modifiers({ altKey, ctrlKey, metaKey, shiftKey }: MouseEvent | KeyboardEvent) {
  return { altKey, ctrlKey, metaKey, shiftKey };
}
