import type { Requests } from "./protocol";

type Ask = <N extends "thumbnails" | "proxies">(
  name: N,
  args: Requests[N],
) => Promise<{ buffers: DataView[] }>;

interface Wanted {
  id: number | string;
  size: number;
  resolve: (url: string | null) => void;
}

const BATCH = 48;
const KEPT = 2000;
const IN_FLIGHT = 3;

/** Pictures as blob URLs: asked for in batches, kept while recently used. */
export class Thumbnails {
  readonly #ask: Ask;
  readonly #cache = new Map<string, Promise<string | null>>();
  #queue: Wanted[] = [];
  #timer = 0;
  #inFlight = 0;

  constructor(ask: Ask, signal: AbortSignal) {
    this.#ask = ask;
    signal.addEventListener("abort", () => this.#clear(), { once: true });
  }

  /** A picture at most `size` pixels wide and high; null when there is none. */
  picture(id: number, size = 96): Promise<string | null> {
    return this.#get(`${size}:${id}`, id, size);
  }

  /** Whether a picture is there or on its way. */
  has(id: number, size = 96): boolean {
    return this.#cache.has(`${size}:${id}`);
  }

  /** A proxy picture of a proposal. */
  proxy(ref: number | string): Promise<string | null> {
    return this.#get(`proxy:${ref}`, ref, 0);
  }

  #get(key: string, id: number | string, size: number): Promise<string | null> {
    const known = this.#cache.get(key);
    if (known) {
      this.#cache.delete(key); // last in the map is the most recently used
      this.#cache.set(key, known);
      return known;
    }
    const url = new Promise<string | null>((resolve) => this.#queue.push({ id, size, resolve }));
    this.#cache.set(key, url);
    // A picture that could not be had is asked for again the next time.
    url.then((found) => found === null && this.#cache.delete(key));
    this.#trim();
    this.#timer ||= window.setTimeout(() => this.#flush(), 12);
    return url;
  }

  /** Asks for what was wanted last first: who scrolls fast looks at that now. */
  #flush(): void {
    this.#timer = 0;
    while (this.#queue.length && this.#inFlight < IN_FLIGHT) {
      const { size } = this.#queue[this.#queue.length - 1];
      const group: Wanted[] = [];
      const others: Wanted[] = [];
      for (const wanted of this.#queue.reverse()) {
        (wanted.size === size && group.length < BATCH ? group : others).push(wanted);
      }
      this.#queue = others.reverse();
      void this.#load(group, size);
    }
  }

  async #load(group: Wanted[], size: number): Promise<void> {
    let buffers: DataView[] = [];
    this.#inFlight++;
    try {
      const ids = group.map((wanted) => wanted.id);
      const asked =
        size > 0
          ? this.#ask("thumbnails", { ids: ids as number[], size })
          : this.#ask("proxies", { refs: ids });
      buffers = (await asked).buffers;
    } catch {
      // Each picture below gets null and shows its placeholder.
    }
    this.#inFlight--;
    group.forEach((wanted, i) => {
      const bytes = buffers[i];
      wanted.resolve(
        bytes?.byteLength ? URL.createObjectURL(new Blob([bytes as DataView<ArrayBuffer>])) : null,
      );
    });
    this.#flush();
  }

  #trim(): void {
    for (const [key, url] of this.#cache) {
      if (this.#cache.size <= KEPT) return;
      this.#cache.delete(key);
      void url.then((found) => found && URL.revokeObjectURL(found));
    }
  }

  #clear(): void {
    window.clearTimeout(this.#timer);
    this.#queue = [];
    for (const url of this.#cache.values()) void url.then((found) => found && URL.revokeObjectURL(found));
    this.#cache.clear();
  }
}
