import type { JobRow } from "./protocol";

/** Whether a job runs or waits for its turn. */
export function isPending({ state }: JobRow): boolean {
  return state === "running" || state === "queued";
}
