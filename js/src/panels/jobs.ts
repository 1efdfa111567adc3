import { duration } from "../amounts";
import { h } from "../dom";
import { icon } from "../icons";
import { isPending } from "../pending";
import type { JobRow } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";

/** The kinds of jobs that are shown among the prompts. */
export const ABOUT_PROMPTS: ReadonlySet<string> = new Set(["search", "tune"]);

interface Line {
  element: HTMLElement;
  bar: HTMLElement;
  count: HTMLElement;
  message: HTMLElement;
  stop: HTMLButtonElement;
}

/** Milliseconds that the end of a job stays to be read. */
const LINGERS = 8000;

/** Jobs that run or wait, with progress and a way to stop; how they ended, for a while; and failures with the reason. */
export function jobList(scope: Scope, wanted: (job: JobRow) => boolean): HTMLElement {
  const { connection, signal } = scope;
  const element = h("div", { class: "dc-jobs" });
  const lines = new Map<JobRow["id"], Line>();
  // Failures from before this page was opened are old news.
  const dismissed = new Set(
    connection.store.get("jobs").map((job) => (job.state === "failed" ? job.id : null)),
  );
  const timers = new Set<number>();
  const say = (job: JobRow) => {
    const line = ended(job);
    element.append(line);
    const timer = window.setTimeout(() => line.remove(), LINGERS);
    timers.add(timer);
  };
  const render = (all: JobRow[]) => {
    const jobs = all.filter(wanted);
    for (const [id, line] of lines) {
      const job = jobs.find((each) => each.id === id);
      if (job && isPending(job)) continue;
      line.element.remove();
      lines.delete(id);
      if (job && job.state !== "failed") say(job);
    }
    for (const old of element.querySelectorAll(".dc-job-failed")) old.remove();
    for (const job of jobs) {
      if (job.state === "failed" && !dismissed.has(job.id)) {
        element.append(failure(job, () => dismissed.add(job.id)));
      } else if (isPending(job)) {
        const line = lines.get(job.id) ?? makeLine(scope, job);
        if (!lines.has(job.id)) element.append(line.element);
        lines.set(job.id, line);
        update(line, job, all);
      }
    }
  };
  connection.store.on("jobs", render, signal);
  signal.addEventListener("abort", () => timers.forEach(clearTimeout), { once: true });
  render(connection.store.get("jobs"));
  return element;
}

function makeLine({ connection }: Scope, job: JobRow): Line {
  const bar = h("i", {});
  const count = h("span", { class: "dc-job-count" });
  const message = h("span", { class: "dc-job-message" });
  const stop = button({
    action: "cancel",
    label: "Stop",
    text: "Stop",
    click: () => {
      stop.disabled = true;
      stop.lastElementChild!.textContent = "Stopping …";
      void connection.act("cancel", { job: job.id }, "jobs").then((reply) => {
        if (!reply) stop.disabled = false;
      });
    },
  });
  const element = h(
    "div",
    { class: "dc-job", attrs: { "data-job-id": job.id } },
    h("div", { class: "dc-job-line" }, h("b", { title: job.name }, job.name), stop),
    h("div", { class: "dc-progress", attrs: { role: "progressbar", "aria-label": job.name } }, bar),
    h("div", { class: "dc-job-state" }, count, message),
  );
  return { element, bar, count, message, stop };
}

function update({ element, bar, count, message, stop }: Line, job: JobRow, all: readonly JobRow[]): void {
  const { done, total, state } = job;
  const queued = state === "queued";
  const known = total !== null && total > 0;
  element.dataset.state = state;
  element.classList.toggle("dc-busy", !known && !queued);
  bar.style.width = known ? `${Math.min(100, (100 * done) / total)}%` : "";
  const progress = bar.parentElement!;
  if (known) progress.setAttribute("aria-valuenow", String(Math.round((100 * done) / total)));
  else progress.removeAttribute("aria-valuenow");
  count.textContent = known ? `${done} / ${total}` : "";
  if (!stop.disabled) {
    const word = queued ? "Cancel" : "Stop";
    stop.lastElementChild!.textContent = word;
    stop.title = `${word}: ${job.name}. What is finished is kept.`;
    stop.setAttribute("aria-label", stop.title);
  }
  const left = known && job.rate ? `${duration(Math.ceil((total - done) / job.rate))} left` : "";
  message.textContent = queued ? turn(job, all) : [job.message, left].filter(Boolean).join(" · ");
}

function turn(job: JobRow, all: readonly JobRow[]): string {
  const before = all.slice(0, all.indexOf(job)).filter(isPending).length;
  return before > 1 ? `waiting, ${before} jobs before it` : "waiting for its turn";
}

/** How a job ended. */
function ended({ name, state, made }: JobRow): HTMLElement {
  const how =
    state === "cancelled"
      ? "stopped. What was finished is kept."
      : typeof made === "number"
        ? `${made.toLocaleString("en")} ${made === 1 ? "picture" : "pictures"} made`
        : "done";
  return h(
    "p",
    { class: "dc-note dc-job-ended" },
    icon(state === "done" ? "check" : "close"),
    h("span", {}, h("b", {}, name), `: ${how}`),
  );
}

function failure(job: JobRow, dismiss: () => void): HTMLElement {
  const element = h(
    "div",
    { class: "dc-notice dc-notice-error dc-job-failed", attrs: { role: "alert" } },
    h("span", {}, h("b", {}, job.name), `: ${job.error ?? "failed"}`),
    button({
      action: "dismiss",
      label: "Dismiss",
      icon: "close",
      click: () => {
        dismiss();
        element.remove();
      },
    }),
  );
  return element;
}
