import { type Arrangement, arrangementOf } from "./arrangement";
import { h } from "./dom";
import { button } from "./panels/button";
import type { PanelName, WidgetModel } from "./protocol";
import { splitter } from "./splitter";

type Column = "left" | "centre" | "right";

const COLUMNS: [Column, PanelName[]][] = [
  ["left", ["info"]],
  ["centre", ["metrics", "map"]],
  ["right", ["prompts", "detail"]],
];
/** Panels that are worth the whole widget for a while. */
const LARGE: PanelName[] = ["map", "detail"];

/**
 * The panels that the model wants, in columns, with lines between them to move, titles to fold them by and a button to
 * show one alone. What is changed goes into the model's `arrangement`, and comes from there.
 */
export function panes(
  model: WidgetModel,
  make: Record<PanelName, () => HTMLElement>,
  signal: AbortSignal,
): HTMLElement {
  const wanted = [...new Set(model.get("panels") ?? COLUMNS.flatMap(([, panels]) => panels))];
  const columns = COLUMNS.flatMap(([name, known]) => {
    const panels = wanted.filter((panel) => known.includes(panel));
    return panels.length ? [{ name, panels }] : [];
  });
  const names = columns.map(({ name }) => name);
  const elements = new Map<PanelName, HTMLElement>();
  const grid = h("div", {
    class: "dc-grid",
    "data-columns": names.map((name) => name[0]).join(""),
  });
  let now = arrangementOf(model.get("arrangement"));

  const change = (changes: Partial<Arrangement>, rests = true) => {
    now = { ...now, ...changes };
    show();
    if (!rests) return;
    model.set("arrangement", { ...now });
    model.save_changes();
  };
  const resize = (name: string) => (share: number | null, rests: boolean) => {
    const { [name]: _, ...others } = now.sizes;
    change(
      { sizes: share === null ? others : { ...others, [name]: Math.round(share * 1000) / 1000 } },
      rests,
    );
  };
  const toggle = <T>(list: readonly T[], each: T) =>
    list.includes(each) ? list.filter((other) => other !== each) : [...list, each];

  const show = () => {
    const strips = columns.filter(
      ({ panels }) => columns.length > 1 && panels.every((panel) => now.collapsed.includes(panel)),
    );
    const isStrip = (name: Column) => strips.some((strip) => strip.name === name);
    grid.style.setProperty("--dc-columns", template(names, isStrip, now.sizes));
    grid.style.setProperty("--dc-columns-medium", template(names.slice(0, 2), isStrip, now.sizes));
    const alone = now.maximised && elements.has(now.maximised) ? now.maximised : null;
    grid.toggleAttribute("data-alone", !!alone);
    for (const { name, panels } of columns) {
      const share = panels.some((panel) => now.collapsed.includes(panel)) ? 0 : now.sizes[`${name}-rows`];
      const column = elements.get(panels[0])!.parentElement!;
      column.toggleAttribute("data-strip", isStrip(name));
      column.toggleAttribute("data-shown", panels.includes(alone as PanelName));
      panels.forEach((panel, i) => {
        const element = elements.get(panel)!;
        const folded = now.collapsed.includes(panel) && panel !== alone;
        element.toggleAttribute("data-collapsed", folded);
        element.toggleAttribute("data-share", !!share);
        element.toggleAttribute("data-shown", panel === alone);
        element.style.setProperty("--dc-share", String(i ? 1 - share : share));
        const fold = element.querySelector("[data-action=collapse]")!;
        fold.setAttribute("aria-expanded", String(!folded));
        element
          .querySelector("[data-action=maximise]")
          ?.setAttribute("aria-pressed", String(panel === alone));
      });
    }
    for (const line of grid.querySelectorAll<HTMLElement>(".dc-splitter")) {
      const beside = [line.previousElementSibling, line.nextElementSibling];
      line.toggleAttribute(
        "data-still",
        beside.some((each) => each?.matches("[data-strip], [data-collapsed]")),
      );
    }
  };

  for (const { name, panels } of columns) {
    const column = h("div", { class: `dc-column dc-${name}` });
    for (const panel of panels) {
      const element = make[panel]();
      elements.set(panel, element);
      const title = element.getAttribute("aria-label") ?? panel;
      element
        .querySelector("[data-action=collapse]")
        ?.addEventListener("click", () => change({ collapsed: toggle(now.collapsed, panel) }), { signal });
      if (LARGE.includes(panel) && wanted.length > 1) {
        const click = () => change({ maximised: now.maximised === panel ? null : panel });
        element
          .querySelector("header")
          ?.append(button({ action: "maximise", label: `Show ${title} alone`, icon: "maximise", click }));
      }
      if (column.lastChild) {
        const first = column.lastChild as HTMLElement;
        const label = `Height of ${first.getAttribute("aria-label")}`;
        const share = () => first.offsetHeight / column.offsetHeight;
        column.append(splitter({ label, columns: false, share, move: resize(`${name}-rows`) }));
      }
      column.append(element);
    }
    if (grid.lastChild) {
      // The centre takes what the sides leave; without it the right one does.
      const before = grid.lastChild as HTMLElement;
      const after = name === "right" && names.includes("centre");
      const share = () => (after ? column : before).offsetWidth / grid.offsetWidth;
      const label = `Width of the ${after ? "right" : "left"} column`;
      grid.append(splitter({ label, columns: true, share, after, move: resize(after ? "right" : "left") }));
    }
    grid.append(column);
  }
  const onArrangement = () => {
    now = arrangementOf(model.get("arrangement"));
    show();
  };
  model.on("change:arrangement", onArrangement);
  signal.addEventListener("abort", () => model.off("change:arrangement", onArrangement), { once: true });
  show();
  return grid;
}

/** The widths of the columns and of the lines between them. One column takes what the others leave. */
function template(
  names: readonly Column[],
  isStrip: (name: Column) => boolean,
  sizes: Arrangement["sizes"],
): string {
  const open = names.filter((name) => !isStrip(name));
  const flexible = open.includes("centre") ? "centre" : open[open.length - 1];
  const most = names.length > 2 ? "50cqw - 100px" : "100cqw - 240px";
  const width = (name: Column) => {
    if (isStrip(name)) return "36px";
    if (name === flexible) return "minmax(0, 1fr)";
    if (sizes[name]) return `clamp(180px, ${100 * sizes[name]}cqw, ${most})`;
    if (!names.includes("centre")) return "43cqw";
    return name === "left" ? "clamp(208px, 18cqw, 340px)" : "clamp(236px, 23cqw, 460px)";
  };
  return names.map(width).join(" 8px ");
}
