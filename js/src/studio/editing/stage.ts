import { button, h, icon, numberField, roving, svg } from "../kit";
import { painting, type Tool } from "./painting";

// Strokes on a 16 × 16 grid, as in `icons.ts`.
const GLYPHS: Record<Tool, string> = {
  brush:
    "M13.5 2.5 7 9M7 9c-1.700-.2-3 .8-3.200 2.300-.1 1-.6 1.700-1.800 2.200 3 .6 5.600-.2 6-2.700M7 9l1 1.800",
  eraser:
    "M6 13.500 2.500 10a1 1 0 0 1 0-1.400l6-6a1 1 0 0 1 1.400 0l3.500 3.500a1 1 0 0 1 0 1.400L7.500 13.500zM5.500 5.600l5 5M6 13.500h7",
  rectangle: "M3 4h10v8H3z",
};
const HINTS: Record<Tool, string> = {
  brush: "Brush: paint where the picture may change",
  eraser: "Eraser: take paint away",
  rectangle: "Rectangle: drag from corner to corner; or by numbers, below",
};
const TOOLS = Object.keys(GLYPHS) as Tool[];

export interface Stage {
  element: HTMLElement;
  /** Shows a picture to paint on; nothing is painted then. */
  show(image: Promise<string | null>, name: string, width: number, height: number): void;
  /** The mask as a PNG in base64, or null. */
  mask(): string | null;
}

/** The picture that is edited, with what may change painted over it. */
export function stage(changed: () => void): Stage {
  const paint = painting(() => refresh());
  const image = h("img", { alt: "", draggable: "false" });
  const sheet = h("div.dc-paper", image, paint.canvas);
  let tool: Tool = "brush";
  const size = h("input", {
    type: "range",
    min: 1,
    max: 40,
    value: 12,
    label: "Width of brush and eraser",
    title: "Width of brush and eraser",
    on: { input: () => use(tool) },
  });
  const use = (next: Tool) => {
    tool = next;
    paint.use(tool, size.valueAsNumber / 100);
    for (const each of TOOLS) tools[each].ariaPressed = String(each === tool);
  };
  const tools = Object.fromEntries(
    TOOLS.map((name) => {
      const choice = button({ action: `paint-${name}`, label: HINTS[name], click: () => use(name) });
      const glyph = icon("close");
      glyph.replaceChildren(svg("path", { d: GLYPHS[name] }));
      choice.append(glyph);
      return [name, choice];
    }),
  ) as Record<Tool, HTMLButtonElement>;
  const undo = button({
    action: "paint-undo",
    label: "Undo the last stroke",
    icon: "undo",
    click: paint.undo,
  });
  const clear = button({
    action: "paint-clear",
    label: "Clear the paint",
    icon: "remove",
    click: paint.clear,
  });
  const bar = h(
    "div.dc-paint-tools",
    { role: "toolbar", label: "Paint where the picture may change" },
    ...TOOLS.map((name) => tools[name]),
    undo,
    clear,
  );
  const settle = roving(bar, "button:enabled");
  const field = (name: string, value: number) =>
    numberField(name, `${name}, in percent of the picture`, {
      min: 0,
      max: 100,
      value,
      name: name.toLowerCase(),
    });
  const fields = [field("Left", 25), field("Top", 25), field("Width", 50), field("Height", 50)];
  const add = button({
    action: "paint-numbers",
    label: "Paint this rectangle",
    text: "Paint it",
    click: () => {
      if (!fields.every(({ input }) => input.reportValidity())) return;
      const [left, top, width, height] = fields.map(({ value }) => (value() ?? 0) / 100);
      paint.rectangle(left, top, width, height);
    },
  });
  const note = h("p.dc-note", { role: "status" });
  const refresh = () => {
    undo.disabled = !paint.steps();
    clear.disabled = !paint.steps();
    settle();
    note.textContent = paint.mask()
      ? "Only what is painted may change."
      : "Paint what may change; without paint, all may.";
    changed();
  };
  use(tool);
  return {
    element: h(
      "div.dc-stage-side",
      sheet,
      h("div.dc-paint-row", bar, size),
      note,
      h(
        "details",
        h("summary.dc-note", "A rectangle by numbers"),
        h("div.dc-paint-numbers", ...fields.map(({ element }) => element), add),
      ),
    ),
    show(url, name, width, height) {
      sheet.style.setProperty("--shape", `${width} / ${height}`);
      sheet.style.setProperty("--wide", String(width / height));
      image.alt = name;
      image.removeAttribute("src");
      image.classList.add("dc-loading");
      paint.reset(width, height);
      const shown = String(Math.random());
      image.dataset.shown = shown;
      void url.then((found) => {
        if (image.dataset.shown !== shown) return;
        image.classList.remove("dc-loading");
        if (found) image.src = found;
      });
    },
    mask: paint.mask,
  };
}
