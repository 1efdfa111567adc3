import { duration } from "../amounts";
import { h } from "../dom";
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
  first: { time: number; done: number } | null;
}

/** Jobs that run or wait, with progress and a way to stop; and those that failed, with the reason. */
export function jobList(scope: Scope, wanted: (job: JobRow) => boolean): HTMLElement {
  const { connection, signal } = scope;
  const element = h("div", { class: "dc-jobs", attrs: { "aria-live": "polite" } });
  const lines = new Map<JobRow["id"], Line>();
  // Failures from before this page was opened are old news.
  const dismissed = new Set(
    connection.store.get("jobs").map((job) => (job.state === "failed" ? job.id : null)),
  );
  const render = (jobs: JobRow[]) => {
    const shown = jobs
      .filter(wanted)
      .filter((job) => isPending(job) || (job.state === "failed" && !dismissed.has(job.id)));
    for (const [id, line] of lines) {
      if (shown.some((job) => job.id === id && job.state !== "failed")) continue;
      line.element.remove();
      lines.delete(id);
    }
    element.querySelectorAll(".dc-job-failed").forEach((old) => {
      old.remove();
    });
    for (const job of shown) {
      if (job.state === "failed") element.append(failure(job, () => dismissed.add(job.id)));
      else {
        const line = lines.get(job.id) ?? makeLine(scope, job);
        if (!lines.has(job.id)) element.append(line.element);
        lines.set(job.id, line);
        update(line, job);
      }
    }
  };
  connection.store.on("jobs", render, signal);
  render(connection.store.get("jobs"));
  return element;
}

function makeLine({ connection }: Scope, job: JobRow): Line {
  const bar = h("i", {});
  const count = h("span", { class: "dc-job-count" });
  const message = h("span", { class: "dc-job-message" });
  const cancel = button({
    action: "cancel",
    label: `Cancel: ${job.name}. What is finished is kept.`,
    text: "Cancel",
    click: () => {
      cancel.disabled = true;
      cancel.textContent = "Stopping…";
      void connection.act("cancel", { job: job.id }, "jobs").then((reply) => {
        if (!reply) cancel.disabled = false;
      });
    },
  });
  const element = h(
    "div",
    { class: "dc-job", attrs: { "data-job-id": job.id } },
    h("div", { class: "dc-job-line" }, h("b", {}, job.name), count, cancel),
    h("div", { class: "dc-progress", attrs: { role: "progressbar", "aria-label": job.name } }, bar),
    message,
  );
  return { element, bar, count, message, first: null };
}

function update(line: Line, job: JobRow): void {
  const { done, total } = job;
  const known = total !== null && total > 0;
  line.element.dataset.state = job.state;
  line.element.classList.toggle("dc-busy", !known);
  line.bar.style.width = known ? `${Math.min(100, (100 * done) / total)}%` : "";
  const progress = line.bar.parentElement!;
  if (known) progress.setAttribute("aria-valuenow", String(Math.round((100 * done) / total)));
  line.count.textContent = known ? `${done} / ${total}` : "";
  const now = performance.now();
  if (!line.first || done < line.first.done) line.first = { time: now, done };
  const rate = ((done - line.first.done) * 1000) / (now - line.first.time);
  const left =
    known && rate > 0 && now - line.first.time > 1500
      ? `${duration(Math.ceil((total - done) / rate))} left`
      : "";
  line.message.textContent = [job.state === "queued" ? "waiting for its turn" : job.message, left]
    .filter(Boolean)
    .join(" · ");
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
