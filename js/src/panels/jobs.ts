import { counted, duration } from "../amounts";
import { closeButton } from "../closebutton";
import { h } from "../dom";
import { icon } from "../icons";
import { isPending } from "../pending";
import type { JobRow, PanelName } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";

/** The panels in which some kinds of jobs are shown; the others are among the pictures. */
const PLACES: Readonly<Record<string, PanelName>> = {
  search: "prompts",
  tune: "prompts",
  suggest: "suggestions",
};

interface Line {
  element: HTMLElement;
  update: (job: JobRow, all: readonly JobRow[]) => void;
}

/** Milliseconds that the end of a job stays to be read. */
const LINGERS = 8000;

/** Jobs that run or wait, with progress and a way to stop; how they ended, for a while; and failures with the reason. */
export function jobList(scope: Scope, place?: PanelName): HTMLElement {
  const { connection, signal } = scope;
  const element = h("div.dc-jobs");
  const lines = new Map<JobRow["id"], Line>();
  // Failures from before this page was opened are old news.
  const dismissed = new Set(
    connection.store.get("jobs").map((job) => (job.state === "failed" ? job.id : null)),
  );
  const render = (all: JobRow[]) => {
    const jobs = all.filter(({ kind }) => PLACES[kind] === place);
    for (const [id, line] of lines) {
      const job = jobs.find((each) => each.id === id);
      if (job && isPending(job)) continue;
      line.element.remove();
      lines.delete(id);
      if (!job || job.state === "failed") continue;
      const end = ended(job);
      element.append(end);
      setTimeout(() => end.remove(), LINGERS);
    }
    for (const old of element.querySelectorAll(".dc-job-failed")) old.remove();
    for (const job of jobs) {
      if (job.state === "failed" && !dismissed.has(job.id)) {
        element.append(failure(job, () => dismissed.add(job.id)));
      } else if (isPending(job)) {
        const line = lines.get(job.id) ?? makeLine(scope, job);
        if (!lines.has(job.id)) element.append(line.element);
        lines.set(job.id, line);
        line.update(job, all);
      }
    }
  };
  connection.store.on("jobs", render, signal);
  render(connection.store.get("jobs"));
  return element;
}

function makeLine({ connection }: Scope, { id, name }: JobRow): Line {
  const bar = h("i");
  const progress = h("div.dc-progress", { role: "progressbar", label: name }, bar);
  const count = h("span.dc-job-count");
  const message = h("span.dc-job-message");
  const stop = button({
    action: "cancel",
    label: "Stop",
    text: "Stop",
    click: async () => {
      stop.disabled = true;
      stop.lastElementChild!.textContent = "Stopping …";
      if (!(await connection.act("cancel", { job: id }, "jobs"))) stop.disabled = false;
    },
  });
  const element = h(
    "div.dc-job",
    { "data-job-id": id },
    h("div.dc-job-line", h("b", { title: name }, name), stop),
    progress,
    h("div.dc-job-state", count, message),
  );
  const update: Line["update"] = (job, all) => {
    const { done, total, state, rate } = job;
    const queued = state === "queued";
    const percent = total ? Math.min(100, (100 * done) / total) : null;
    element.dataset.state = state;
    element.classList.toggle("dc-busy", percent === null && !queued);
    bar.style.width = percent === null ? "" : `${percent}%`;
    progress.ariaValueNow = percent === null ? null : String(Math.round(percent));
    count.textContent = total ? `${done} / ${total}` : "";
    if (!stop.disabled) {
      stop.lastElementChild!.textContent = queued ? "Cancel" : "Stop";
      stop.title = `${stop.textContent}: ${name}. What is finished is kept.`;
      stop.ariaLabel = stop.title;
    }
    const left = total && rate ? `${duration(Math.ceil((total - done) / rate))} left` : "";
    message.textContent = queued ? turn(job, all) : [job.message, left].filter(Boolean).join(" · ");
  };
  return { element, update };
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
        ? `${counted(made, "picture")} made`
        : "done";
  return h(
    "p.dc-note.dc-job-ended",
    icon(state === "done" ? "check" : "close"),
    h("span", h("b", name), `: ${how}`),
  );
}

function failure(job: JobRow, dismiss: () => void): HTMLElement {
  const close = closeButton("Dismiss", () => {
    dismiss();
    element.remove();
  });
  const element = h(
    "div.dc-notice.dc-notice-error.dc-job-failed",
    { role: "alert" },
    h("span", h("b", job.name), `: ${job.error ?? "failed"}`),
    close,
  );
  return element;
}
