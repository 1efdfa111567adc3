import { counted } from "./amounts";
import { h } from "./dom";
import type { History, JobRow } from "./protocol";
import type { Scope } from "./scope";

const PAUSE = 3000;
const SETTLED = 500;
const STATES: Partial<Record<JobRow["state"], string>> = {
  queued: "waiting for its turn",
  done: "done",
  cancelled: "stopped",
};

/** A line that only screen readers see: how jobs go, what is selected, what came of an action. Never in a hurry. */
export function announcer({ connection, signal }: Omit<Scope, "notices">): HTMLElement {
  const { store, ui } = connection;
  const element = h("div.dc-unseen", { role: "status", "aria-live": "polite" });
  const waiting = new Map<string, string>();
  let spoken = Number.NEGATIVE_INFINITY;
  const flush = () => {
    spoken = performance.now();
    element.textContent = [...waiting.values()].join(". ");
    waiting.clear();
  };
  /** Says it soon; what is waiting about the same thing is out of date then. */
  const say = (about: string, text: string) => {
    if (!waiting.size) setTimeout(flush, Math.max(SETTLED, spoken + PAUSE - performance.now()));
    waiting.delete(about);
    waiting.set(about, text);
  };

  ui.on("say", (text) => say("page", text), signal);
  ui.on("notice", ({ kind, message }) => kind !== "error" && say("notice", message), signal); // errors are alerts
  ui.on(
    "selection",
    ({ length }) => say("selection", length ? `${counted(length, "picture")} selected` : "Nothing selected"),
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
  const stages = new Map<JobRow["id"], string>();
  const take = (jobs: readonly JobRow[], quietly = false) => {
    for (const job of jobs) {
      const text = stage(job);
      if (!quietly && text !== stages.get(job.id)) say(`job ${job.id}`, text);
      stages.set(job.id, text);
    }
  };
  take(store.get("jobs"), true);
  store.on("jobs", (jobs) => take(jobs), signal);
  return element;
}

/** What is said of a job; the same words until it is a quarter further. */
function stage({ name, state, done, total, error }: JobRow): string {
  if (state === "failed") return `${name} failed${error ? `: ${error}` : ""}`;
  const quarter = total ? Math.floor((4 * done) / total) : 0;
  return `${name}: ${STATES[state] ?? (quarter ? `${quarter * 25} %` : "started")}`;
}

function stepped(before: History, now: History): string {
  if (before.undo && before.undo === now.redo) return `Undone: ${before.undo}`;
  if (before.redo && before.redo === now.undo) return `Redone: ${before.redo}`;
  return "";
}
