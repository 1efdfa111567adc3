import { giveFeedback } from "./feedback";
import type { Scope } from "./scope";

/** Keys that work wherever the focus is inside the widget, unless it is in a field or a part has taken the key. */
export function followKeys(scope: Scope, help: () => void): void {
  const { connection, root, signal } = scope;
  const { store, ui } = connection;
  let acting: ReadonlySet<string> = new Set();
  ui.on(
    "acting",
    (names) => {
      acting = names;
    },
    signal,
  );
  const step = (name: "undo" | "redo") => {
    if (store.get("history")[name] && !acting.has(name)) void connection.act(name, {}, "map");
  };
  const remove = async () => {
    if (!ui.selection.length || acting.has("remove")) return;
    if (await giveFeedback(scope, "remove", { ids: [...ui.selection] })) ui.select([]);
  };
  const clear = () => {
    ui.setFocus(null);
    ui.select([]);
  };
  const keys: Record<string, () => void> = {
    z: () => step("undo"),
    Z: () => step("redo"),
    Delete: () => void remove(),
    Escape: clear,
    "?": help,
  };
  root.addEventListener(
    "keydown",
    (event) => {
      if (isField(event.target)) return event.stopPropagation(); // what is typed here is no host's shortcut
      const { key, defaultPrevented, ctrlKey, metaKey, altKey } = event;
      if (defaultPrevented || ctrlKey || metaKey || altKey || !keys[key]) return;
      if (root.querySelector(":popover-open")) return; // Escape closes it
      if (/^(z|Delete)$/i.test(key) && store.get("info").read_only) return;
      keys[key]();
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || !target.matches("input, textarea, select")) return false;
  return !target.matches("[type=radio], [type=checkbox]");
}
