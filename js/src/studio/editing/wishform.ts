import type { Understood, Wish } from "../../protocol";
import type { Scope } from "../../scope";
import { button, h, icon } from "../kit";
import { base64 } from "./painting";

const LARGEST = 1024;
const SLIDERS = [
  ["steps", "Care", "From quick to careful: how many steps each editor takes"],
  ["text_influence", "Follow words", "How closely the words are followed"],
  ["picture_influence", "Keep picture", "How much of the picture stays"],
] as const;

export interface WishForm {
  element: HTMLElement;
  /** Says what the words are about, what the button does, and on which picture. */
  about(title: string, text: string, picture: number): void;
  refresh(): void;
  focus(): void;
}

interface Options {
  scope: Scope;
  /** Pictures that may be the reference. */
  others: readonly number[];
  signal: AbortSignal;
  mask: () => string | null;
  send: (wish: Wish) => Promise<boolean>;
}

/** What is wished: words, three sliders, a reference picture; and what the words are understood as. */
export function wishForm({ scope, others, signal, mask, send }: Options): WishForm {
  const { connection } = scope;
  let picture = 0;
  let file: string | null = null;
  let busy = false;
  const words = h("textarea.dc-input", {
    rows: 2,
    maxlength: 400,
    label: "What to change",
    placeholder: "make it green, put it on snow, add a second one, as a sketch …",
    spellcheck: "false",
    on: {
      input: () => {
        understood.replaceChildren();
        refresh();
      },
      keydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey) return;
        event.preventDefault();
        if (!go.disabled) go.click();
      },
    },
  });
  const understood = h("div.dc-understood", { role: "status" });
  const title = h("span", { dir: "auto" });
  const sliders = SLIDERS.map(([name, title, hint]) => {
    const shown = h("output", "0.5");
    const input = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.05,
      value: 0.5,
      name,
      label: title,
      on: { input: () => (shown.textContent = input.value) },
    });
    return { name, input, element: h("label", { title: hint }, h("span", title), input, shown) };
  });

  const preview = h("img.dc-reference", { alt: "The reference picture", hidden: true });
  const chooser = h("input", {
    type: "file",
    accept: "image/*",
    hidden: true,
    on: { change: () => void takeFile(chooser.files?.[0]) },
  });
  const reference = h(
    "select.dc-select",
    {
      name: "reference",
      label: "Reference picture",
      on: {
        change: () => {
          file = null;
          void show();
          if (reference.value === "file") chooser.click();
        },
      },
    },
    h("option", { value: "" }, "no reference"),
    ...others.map((id) => h("option", { value: id }, `picture ${id}`)),
    h("option", { value: "file" }, "a file …"),
  );
  const show = async () => {
    const id = Number(reference.value);
    const url = file ? `data:image/png;base64,${file}` : id ? await connection.thumbnails.picture(id) : null;
    preview.hidden = !url;
    if (url) preview.src = url;
  };
  const takeFile = async (chosen: File | undefined) => {
    if (!chosen) return;
    try {
      file = await png(chosen);
    } catch {
      reference.value = "";
      const message = `${chosen.name} can't be read as a picture`;
      connection.ui.emit("notice", { where: "studio", kind: "error", message });
    }
    chooser.value = "";
    await show();
  };

  const explain = button({
    action: "understand",
    label: "Say what the wish is understood as, before anything is made",
    text: "How is it understood?",
    click: async () => {
      explain.disabled = true;
      const reply = await connection.act("understand", { picture, instruction: words.value }, "studio");
      if (signal.aborted) return;
      refresh();
      if (reply) understood.replaceChildren(...saidOf(reply.result as Understood));
    },
  });
  const go = button({
    action: "send-wish",
    label: "Have several editors do it, side by side (Enter)",
    text: "Change it",
    kind: "primary",
    click: async () => {
      const [steps, text_influence, picture_influence] = sliders.map(({ input }) => input.valueAsNumber);
      const other = reference.value && reference.value !== "file" ? Number(reference.value) : null;
      busy = true;
      refresh();
      const wish = {
        instruction: words.value,
        mask: mask(),
        reference: file ?? other,
        steps,
        text_influence,
        picture_influence,
      };
      const sent = await send(wish);
      busy = false;
      if (sent) {
        words.value = "";
        understood.replaceChildren();
      }
      refresh();
    },
  });
  const refresh = () => {
    const wished = words.value.trim();
    explain.disabled = !wished;
    go.disabled = !wished || busy || connection.store.get("info").read_only;
  };
  refresh();
  return {
    element: h(
      "div.dc-wish",
      h("label.dc-field", title, words),
      understood,
      h("div.dc-weights", ...sliders.map(({ element }) => element)),
      h("div.dc-row", h("label.dc-field", h("span", "Reference"), reference), preview, chooser, explain, go),
    ),
    about(name, text, id) {
      title.textContent = words.ariaLabel = name;
      go.lastElementChild!.textContent = text;
      if (id !== picture) understood.replaceChildren();
      picture = id;
      refresh();
    },
    refresh,
    focus: () => words.focus(),
  };
}

/** What a wish was understood as, in a line; and in another one why it may change little. */
export function saidOf({ action, target, reason, hint }: Understood): HTMLElement[] {
  const aim = target && `towards “${target}”`;
  const said = [action && `Understood as: ${action}`, aim, reason].filter(Boolean).join(" · ");
  const lines = said ? [h("p.dc-note", { dir: "auto" }, said)] : [];
  if (hint) lines.push(h("p.dc-note.dc-hint", { dir: "auto" }, icon("warning"), h("span", hint)));
  return lines;
}

/** A picture file as a PNG in base64, not larger than editors can use. */
async function png(file: File): Promise<string> {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return base64(canvas);
}
