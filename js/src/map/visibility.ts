interface Changes {
  shown: () => void;
  hidden: () => void;
  /** The screen has more or fewer pixels to a CSS pixel. */
  sharper: () => void;
}

const AWAY_MS = 1000;

/** Tells when an element comes into view and when it has left it for a while, until the signal. */
export function followVisibility(element: Element, signal: AbortSignal, changes: Changes): void {
  let timer = 0;
  const view = new IntersectionObserver((entries) => {
    window.clearTimeout(timer);
    if (entries[entries.length - 1].isIntersecting) changes.shown();
    else timer = window.setTimeout(changes.hidden, AWAY_MS);
  });
  view.observe(element);
  let ratio = new AbortController();
  const follow = () => {
    ratio = new AbortController();
    window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        ratio.abort();
        changes.sharper();
        follow();
      },
      { signal: ratio.signal },
    );
  };
  follow();
  signal.addEventListener(
    "abort",
    () => {
      window.clearTimeout(timer);
      ratio.abort();
      view.disconnect();
    },
    { once: true },
  );
}
