import type { Connection } from "./connection";
import { readIds, writeIds } from "./wireids";

const TRAITS = ["selection", "classes", "focus"] as const;

/** Keeps what is selected, narrowed to and highlighted the same on the page and in the traits. */
export function shareUi(connection: Connection, signal: AbortSignal): void {
  const { ui, store, labelling } = connection;
  const read = {
    selection: () => ui.selection,
    classes: () => [...ui.classes],
    focus: () => ui.focus?.labels ?? [],
  };
  const take = {
    selection: (ids: number[]) => ui.select(ids),
    classes: (ids: number[]) => ui.setClasses(ids),
    focus: (labels: number[]) => {
      if (!labels.length) return ui.setFocus(null);
      const names = store.get("labels").filter(({ id }) => labels.includes(id));
      const text = names.length > 1 ? `${names[0].text} and ${names.length - 1} more` : names[0]?.text;
      const still = () => String(readIds(connection.trait("focus"))) === String(labels);
      labelling.pictures(labels).then(
        (found) => still() && ui.setFocus({ text: text ?? "", labels, pictures: new Set(found) }),
        () => {}, // a highlight that can't be had is none
      );
    },
  };
  for (const key of TRAITS) {
    const differs = () => {
      const [own, theirs] = [read[key](), readIds(connection.trait(key))];
      return own.length !== theirs.length || own.some((id, i) => id !== theirs[i]);
    };
    const hear = () => differs() && take[key](readIds(connection.trait(key)));
    connection.onTrait(key, hear, signal);
    ui.on(key, () => differs() && connection.saveTrait(key, writeIds(read[key]())), signal);
    hear();
  }
}
