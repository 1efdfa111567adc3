import { h } from "../dom";
import { isPending } from "../pending";
import type { Scope } from "../scope";
import type { Preview } from "../ui";

/** What the running job is making, unfinished: to look at only, and gone when the job ends. */
export function previewStrip({ connection, signal, colours }: Scope): HTMLElement {
  const { store, ui } = connection;
  const strip = h("div.dc-preview-strip", { "aria-hidden": "true" });
  const element = h(
    "figure.dc-preview",
    { hidden: true },
    h("figcaption", "Preview, not part of the session"),
    strip,
  );
  let shown: Preview["job"] | null = null;
  let urls: string[] = [];
  const pending = (id: Preview["job"] | null) =>
    store.get("jobs").some((job) => job.id === id && isPending(job));
  const clear = () => {
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
  };
  const show = ({ job, classes, images }: Preview) => {
    if (!pending(job)) return; // it came late
    clear();
    shown = job;
    urls = images.map((bytes) => URL.createObjectURL(new Blob([bytes as DataView<ArrayBuffer>])));
    const { classes: rows } = store.get("info");
    strip.replaceChildren(
      ...urls.map((src, i) => {
        const colour = colours()[rows.findIndex(({ id }) => id === classes[i])] ?? "gray";
        return h("img", { style: { "--class": colour }, src, alt: "", draggable: "false" });
      }),
    );
    element.hidden = !urls.length;
  };
  const settle = () => {
    if (shown === null || pending(shown)) return;
    shown = null;
    element.hidden = true;
    strip.replaceChildren();
    clear();
  };
  ui.on("preview", show, signal);
  store.on("jobs", settle, signal);
  signal.addEventListener("abort", clear, { once: true });
  return element;
}
