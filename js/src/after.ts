/**
 * Runs what it is given once a while has passed, unless it is given something else, or nothing, before that; never
 * after the signal.
 */
export function after(ms: number, signal?: AbortSignal): (run?: () => void) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = (run?: () => void) => {
    clearTimeout(timer);
    if (run) timer = setTimeout(run, ms);
  };
  signal?.addEventListener("abort", () => later());
  return later;
}
