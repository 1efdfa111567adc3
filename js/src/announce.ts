import { h } from "./dom";
import type { History, JobRow } from "./protocol";
import type { Scope } from "./scope";

const PAUSE = 3000;
const SETTLED = 500;

/** A line that only screen readers see: how jobs go, what is selected, what came of an action. Never in a hurry. */
export function announcer({ connection, signal }: Omit<Scope, "notices">): HTMLElement {
  const { store, ui } = connection;
  const element = h("div", { class: "dc-unseen", role: "status", "aria-live": "polite" });
  const waiting = new Map<string, string>();
  let spoken = Number.NEGATIVE_INFINITY;
  let timer = 0;
  const flush = () => {
    timer = 0;
    spoken = performance.now();
    element.textContent = [...waiting.values()].join(". ");
    waiting.clear();
  };
  /** Says it soon; what is waiting about the same thing is out of date then. */
  const say = (about: string, text: string) => {
    waiting.delete(about);
    waiting.set(about, text);
    timer ||= window.setTimeout(flush, Math.max(SETTLED, spoken + PAUSE - performance.now()));
  };
  signal.addEventListener("abort", () => window.clearTimeout(timer), { once: true });

  ui.on("say", (text) => say("page", text), signal);
  ui.on("notice", ({ kind, message }) => kind !== "error" && say("notice", message), signal); // errors are alerts
  ui.on(
    "selection",
    ({ length }) => say("selection", length ? `${pictures(length)} selected` : "Nothing selected"),
    signal,
  );
  let history = store.get("history");
  store.on(
    "history",
    (now) => {
      const text = stepped(history, now);
      if (text) say("history", text);
      history = now;
    },
    signal,
  );
  let stages = new Map(store.get("jobs").map((job) => [job.id, stage(job)]));
  store.on(
    "jobs",
    (jobs) => {
      for (const job of jobs) {
        const text = stage(job);
        if (text && text !== stages.get(job.id)) say(`job ${job.id}`, text);
      }
      stages = new Map(jobs.map((job) => [job.id, stage(job)]));
    },
    signal,
  );
  return element;
}

function pictures(count: number): string {
  return count === 1 ? "1 picture" : `${count} pictures`;
}

/** What is said of a job; the same words until it is a quarter further. */
function stage({ name, state, done, total, error }: JobRow): string {
  if (state === "queued") return `${name}: waiting for its turn`;
  if (state === "failed") return `${name} failed${error ? `: ${error}` : ""}`;
  if (state === "done") return `${name}: done`;
  if (state === "cancelled") return `${name}: stopped`;
  const quarter = total ? Math.floor((4 * done) / total) : 0;
  return quarter ? `${name}: ${quarter * 25} %` : `${name}: started`;
}

function stepped(before: History, now: History): string {
  if (before.undo && before.undo === now.redo) return `Undone: ${before.undo}`;
  if (before.redo && before.redo === now.undo) return `Redone: ${before.redo}`;
  return "";
}
