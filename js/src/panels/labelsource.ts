import { isPending } from "../pending";
import type { LabelSource } from "../protocol";
import type { Scope } from "../scope";
import { switchOf } from "./switch";

/** Who finds the content labels, where there is a choice: the encoder, or the language model that looks at pictures. */
export function labelSource({ connection, signal }: Scope): HTMLElement {
  const { store } = connection;
  let wished: LabelSource | null = null;
  const choice = switchOf<LabelSource>(
    "Content labels by",
    [
      { value: "clip", text: "CLIP", hint: "The encoder finds words of its vocabulary in each picture" },
      { value: "language", text: "Language model", hint: "The language model describes each picture" },
    ],
    async (value) => {
      wished = value;
      refresh();
      if (await connection.act("label", { with: value }, "labels")) return;
      wished = null;
      refresh();
    },
  );
  const refresh = () => {
    const { language, labels_from, read_only } = store.get("info");
    choice.element.hidden = !language;
    choice.element.disabled = read_only || wished !== null;
    choice.choose(wished ?? labels_from);
  };
  const settle = () => {
    const arrived = wished === store.get("info").labels_from;
    if (arrived || !store.get("jobs").some(isPending)) wished = null;
    refresh();
  };
  store.on("info", refresh, signal);
  store.on("jobs", settle, signal);
  refresh();
  return choice.element;
}
