import { type Arrangement, arrangementOf } from "./arrangement";
import { h } from "./dom";
import { button } from "./panels/button";
import type { PanelName } from "./protocol";
import type { Scope } from "./scope";
import { splitter } from "./splitter";

type ColumnName = "left" | "centre" | "right";

interface Pane {
  name: PanelName;
  element: HTMLElement;
  fold: Element;
  maximise: HTMLElement;
}

interface Column {
  name: ColumnName;
  panels: Pane[];
  element: HTMLElement;
  /** Whether all its panels are folded. */
  strip: boolean;
}

const COLUMNS: [ColumnName, PanelName[]][] = [
  ["left", ["info"]],
  ["centre", ["metrics", "evaluation", "map"]],
  ["right", ["prompts", "suggestions", "detail"]],
];
/** Panels that are worth the whole widget for a while. */
const LARGE: PanelName[] = ["map", "detail"];

/**
 * The panels that the model wants, in columns, with lines between them to move, titles to fold them by and a button to
 * show one alone. What is changed goes into the trait `arrangement`, and comes from there.
 */
export function panes(
  { connection, signal }: Scope,
  make: Record<PanelName, () => HTMLElement>,
): HTMLElement {
  const wanted = [...new Set(connection.trait("panels") ?? COLUMNS.flatMap(([, panels]) => panels))];
  let now = arrangementOf(connection.trait("arrangement"));

  const change = (changes: Partial<Arrangement>, rests = true) => {
    now = { ...now, ...changes };
    show();
    if (rests) connection.saveTrait("arrangement", { ...now });
  };
  const resize = (name: string) => (share: number | null, rests: boolean) => {
    const { [name]: _, ...others } = now.sizes;
    const sizes = share === null ? others : { ...others, [name]: Math.round(share * 1000) / 1000 };
    change({ sizes }, rests);
  };
  const isFolded = (panel: PanelName) => now.collapsed.includes(panel);

  const pane = (name: PanelName): Pane => {
    const element = make[name]();
    const fold = element.querySelector("[data-action=collapse]")!;
    fold.addEventListener("click", () => {
      const others = now.collapsed.filter((other) => other !== name);
      change({ collapsed: isFolded(name) ? others : [...others, name] });
    });
    const maximise = button({
      action: "maximise",
      label: `Show ${element.ariaLabel} alone`,
      icon: "maximise",
      click: () => change({ maximised: now.maximised === name ? null : name }),
    });
    if (LARGE.includes(name) && wanted.length > 1) element.querySelector("header")?.append(maximise);
    return { name, element, fold, maximise };
  };

  const columns = COLUMNS.flatMap(([name, known]): Column[] => {
    const panels = wanted.filter((panel) => known.includes(panel)).map(pane);
    return panels.length ? [{ name, panels, element: h(`div.dc-column.dc-${name}`), strip: false }] : [];
  });
  const hasCentre = columns.some(({ name }) => name === "centre");
  const grid = h("div.dc-grid", { "data-columns": columns.map(({ name }) => name[0]).join("") });

  const show = () => {
    const alone = wanted.find((name) => name === now.maximised);
    grid.toggleAttribute("data-alone", !!alone);
    for (const column of columns) {
      const { name, panels, element } = column;
      column.strip = columns.length > 1 && panels.every((panel) => isFolded(panel.name));
      element.toggleAttribute("data-strip", column.strip);
      const open = !panels.some((panel) => isFolded(panel.name));
      panels.forEach((panel, i) => {
        const folded = isFolded(panel.name) && panel.name !== alone;
        panel.element.toggleAttribute("data-collapsed", folded);
        panel.element.toggleAttribute("data-shown", panel.name === alone);
        const share = open && i < panels.length - 1 && now.sizes[rowsOf(name, i)];
        panel.element.style.setProperty("--dc-share", share ? `0 1 ${100 * share}%` : "");
        panel.fold.ariaExpanded = String(!folded);
        panel.maximise.ariaPressed = String(panel.name === alone);
      });
    }
    grid.style.setProperty("--dc-columns", widths(columns, now.sizes));
    grid.style.setProperty("--dc-columns-medium", widths(columns.slice(0, 2), now.sizes));
  };

  for (const { name, panels, element: column } of columns) {
    const line = (i: number) => {
      const { element: above } = panels[i];
      const share = () => above.offsetHeight / column.offsetHeight;
      const label = `Height of ${above.ariaLabel}`;
      return splitter({ label, columns: false, share, move: resize(rowsOf(name, i)) });
    };
    column.append(...panels.flatMap(({ element }, i) => (i ? [line(i - 1), element] : [element])));
    const before = grid.lastElementChild as HTMLElement | null;
    if (before) {
      // The centre takes what the sides leave; without it the right one does.
      const after = name === "right" && hasCentre;
      const side = after ? "right" : "left";
      const width = () => (after ? column : before).offsetWidth / grid.offsetWidth;
      const text = `Width of the ${side} column`;
      grid.append(splitter({ label: text, columns: true, share: width, after, move: resize(side) }));
    }
    grid.append(column);
  }
  const follow = () => {
    now = arrangementOf(connection.trait("arrangement"));
    show();
  };
  connection.onTrait("arrangement", follow, signal);
  show();
  return grid;
}

/** What the share of a column's height is called that its `i`-th panel has; the last one takes what is left. */
function rowsOf(column: ColumnName, i: number): string {
  return `${column}-rows${i ? `-${i + 1}` : ""}`;
}

/** The widths of the columns and of the lines between them. One column takes what the others leave. */
function widths(columns: readonly Column[], sizes: Arrangement["sizes"]): string {
  const open = columns.filter(({ strip }) => !strip);
  const centre = columns.find(({ name }) => name === "centre");
  const flexible = open.find((column) => column === centre) ?? open.at(-1);
  const most = columns.length > 2 ? "50cqw - 100px" : "100cqw - 240px";
  const width = (column: Column) => {
    const share = sizes[column.name];
    if (column.strip) return "36px";
    if (column === flexible) return "minmax(0, 1fr)";
    if (share) return `clamp(180px, ${100 * share}cqw, ${most})`;
    if (!centre) return "43cqw";
    return column.name === "left" ? "clamp(208px, 18cqw, 340px)" : "clamp(236px, 23cqw, 460px)";
  };
  return columns.map(width).join(" 8px ");
}
