/** Typed events whose listeners go with an AbortSignal. */
export class Emitter<Events> {
  #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener);
    signal.addEventListener("abort", () => set.delete(listener), { once: true });
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])])
      (listener as (value: Events[K]) => void)(value);
  }
}
