import { h } from "../../dom";
import type { Scope } from "../../scope";
import { button } from "../button";
import { switchOf } from "../switch";

interface Side {
  title: string;
  image: Promise<string | null>;
}

export type Pair = readonly [before: Side, after: Side];

const MODES = [
  { value: "side", text: "Side by side", hint: "One beside the other" },
  { value: "slider", text: "Slider", hint: "One over the other; drag, or use the arrow keys" },
  { value: "swap", text: "Swap", hint: "Both in one place; hold the picture or the Space key" },
] as const;

/** A box over everything that compares pictures pair by pair. A pair is shown once both are there, never one first. */
export function compareBox({ root, signal, connection }: Scope, pairs: readonly Pair[]): void {
  const many = pairs.length > 1;
  let at = -1;
  const stage = h("div.dc-stage", { tabindex: 0, role: "group", "data-mode": "side" });
  const note = h("p.dc-note", { role: "status" });
  const slider = h("input", {
    type: "range",
    label: "Where the pictures meet",
    hidden: true,
    on: { input: () => slide(slider.valueAsNumber) },
  });
  const slide = (value: number) => {
    slider.valueAsNumber = value;
    stage.style.setProperty("--at", `${slider.value}%`);
  };
  const modes = switchOf("How to compare", MODES, (mode) => {
    stage.dataset.mode = mode;
    slider.hidden = mode !== "slider";
  });
  const swap = (on: boolean) => {
    if (stage.dataset.mode !== "swap" || stage.hasAttribute("data-swapped") === on) return;
    stage.toggleAttribute("data-swapped", on);
    connection.ui.emit("say", pairs[at][on ? 1 : 0].title);
  };
  const show = async (next: number) => {
    const mine = (next + pairs.length) % pairs.length;
    at = mine;
    const figures = await Promise.all(pairs[mine].map(figure));
    if (mine !== at || !box.isConnected) return;
    const ready = figures.filter((each) => each !== null);
    const both = ready.length > 1;
    const where = many ? `Pair ${mine + 1} of ${pairs.length}` : "";
    note.textContent = both ? where : "One of the pictures can't be read, so there is nothing to compare.";
    stage.ariaLabel = pairs[mine].map(({ title }) => title).join(", ");
    stage.replaceChildren(...(both ? ready : []));
  };
  const step = (by: number, label: string) =>
    many && button({ action: `compare-${by}`, label, text: by < 0 ? "‹" : "›", click: () => show(at + by) });
  const box = h(
    "dialog.dc-compare",
    {
      label: "Compare",
      on: { close: () => box.remove(), keyup: ({ key }) => key === " " && swap(false) },
    },
    h(
      "div.dc-sheet-head",
      modes.element,
      h("span.dc-spring"),
      step(-1, "The pair before"),
      step(1, "The next pair"),
      button({ action: "close-compare", label: "Close", icon: "close", click: () => box.close() }),
    ),
    stage,
    slider,
    note,
  );
  box.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the dashboard and Jupyter have keys of their own
    if (event.target !== stage) return;
    const by = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (event.key === " ") {
      event.preventDefault();
      swap(true);
    } else if (by && stage.dataset.mode === "slider") slide(slider.valueAsNumber + by);
    else if (by && many) void show(at + by / 5);
  });
  const drag = (event: PointerEvent) => {
    const { left, width } = stage.getBoundingClientRect();
    if (event.buttons && stage.dataset.mode === "slider") slide((100 * (event.clientX - left)) / width);
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    swap(true);
    drag(event);
  });
  stage.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => swap(false));
  signal.addEventListener("abort", () => box.remove());
  root.append(box);
  box.showModal();
  stage.focus();
  void show(0);
}

/** A picture that is ready to be painted, or null when there is none. */
async function figure({ title, image }: Side): Promise<HTMLElement | null> {
  const src = await image;
  if (!src) return null;
  const picture = h("img", { src, alt: title, draggable: "false" });
  try {
    await picture.decode();
  } catch {
    return null;
  }
  return h("figure", picture, h("figcaption", { dir: "auto" }, title));
}
