import type { Scope } from "../scope";
import { button, h } from "./kit";

export interface Dialog {
  box: HTMLDialogElement;
  /** The line with the title, left of the cross. */
  head: HTMLElement;
  /** Until it is closed. */
  signal: AbortSignal;
  close: () => void;
}

/** A large box over everything, until it is closed or the view goes; null where one is open already. */
export function dialog({ root, signal: life }: Scope, name: string, label: string): Dialog | null {
  if (root.querySelector("dialog")) return null;
  const over = new AbortController();
  const { signal } = over;
  const box = h("dialog", {
    class: `dc-compare dc-studio dc-${name}`,
    label,
    on: {
      keydown: (event) => event.stopPropagation(), // the dashboard and Jupyter have keys of their own
      close: () => end(),
    },
  });
  const end = () => {
    over.abort();
    box.remove();
  };
  const close = () => {
    box.close(); // gives the focus back
    end(); // at once: another one may be opened now
  };
  const head = h("div.dc-sheet-head", h("b", { dir: "auto" }, label));
  box.append(
    h("header", head, button({ action: "close-studio", label: "Close", icon: "close", click: close })),
  );
  life.addEventListener("abort", close, { signal });
  root.append(box);
  box.showModal();
  return { box, head, signal, close };
}
