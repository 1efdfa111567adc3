import { after } from "../after";

interface Changes {
  shown: () => void;
  hidden: () => void;
  /** The screen has more or fewer pixels to a CSS pixel. */
  sharper: () => void;
}

const AWAY_MS = 1000;

/** Tells when an element comes into view and when it has left it for a while, until the signal. */
export function followVisibility(element: Element, signal: AbortSignal, changes: Changes): void {
  const away = after(AWAY_MS, signal);
  const view = new IntersectionObserver((entries) => {
    const shown = entries[entries.length - 1].isIntersecting;
    away(shown ? undefined : changes.hidden);
    if (shown) changes.shown();
  });
  view.observe(element);
  signal.addEventListener("abort", () => view.disconnect());
  const follow = () => {
    const ratio = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      changes.sharper();
      follow();
    };
    ratio.addEventListener("change", changed, { signal, once: true });
  };
  follow();
}
