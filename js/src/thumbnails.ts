import type { Requests } from "./protocol";

type Ask = <N extends "thumbnails" | "proxies">(
  name: N,
  args: Requests[N],
) => Promise<{ buffers: DataView[] }>;

interface Wanted {
  id: number;
  size: number;
  resolve: (url: string | null) => void;
}

/** Pictures as blob URLs: asked for in batches, kept while recently used. */
export interface Thumbnails {
  /** A picture at most `size` pixels wide and high; null when there is none. */
  picture(id: number, size?: number): Promise<string | null>;
  /** Whether a picture is there or on its way. */
  has(id: number, size?: number): boolean;
  /** A proxy picture of a proposal. */
  proxy(ref: number): Promise<string | null>;
}

const SIZE = 96;
const BATCH = 48;
const KEPT = 2000;
const IN_FLIGHT = 3;

export function thumbnailCache(ask: Ask, signal: AbortSignal): Thumbnails {
  const cache = new Map<string, Promise<string | null>>();
  let queue: Wanted[] = [];
  let timer = 0;
  let inFlight = 0;

  const get = (id: number, size: number) => {
    const key = `${size}:${id}`;
    const known = cache.get(key);
    cache.delete(key); // last in the map is the most recently used
    const url = known ?? new Promise<string | null>((resolve) => queue.push({ id, size, resolve }));
    cache.set(key, url);
    if (known) return known;
    // A picture that could not be had is asked for again the next time.
    url.then((found) => found === null && cache.delete(key));
    trim(KEPT);
    timer ||= setTimeout(flush, 12);
    return url;
  };

  /** Asks for what was wanted last first: who scrolls fast looks at that now. */
  const flush = () => {
    timer = 0;
    while (queue.length && inFlight < IN_FLIGHT) {
      const size = queue.at(-1)!.size;
      const group: Wanted[] = [];
      const others: Wanted[] = [];
      for (const wanted of queue.reverse())
        (wanted.size === size && group.length < BATCH ? group : others).push(wanted);
      queue = others.reverse();
      void load(group, size);
    }
  };

  const load = async (group: Wanted[], size: number) => {
    inFlight++;
    const ids = group.map(({ id }) => id);
    const asked = size ? ask("thumbnails", { ids: ids as number[], size }) : ask("proxies", { refs: ids });
    // Each picture that does not come is null, and shows its placeholder.
    const { buffers } = await asked.catch(() => ({ buffers: [] as DataView[] }));
    inFlight--;
    group.forEach(({ resolve }, i) => {
      const bytes = buffers[i] as DataView<ArrayBuffer> | undefined;
      resolve(bytes?.byteLength ? URL.createObjectURL(new Blob([bytes])) : null);
    });
    flush();
  };

  const trim = (most: number) => {
    for (const [key, url] of cache) {
      if (cache.size <= most) return;
      cache.delete(key);
      void url.then((found) => found && URL.revokeObjectURL(found));
    }
  };

  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    queue = [];
    trim(0);
  });
  return {
    picture: (id, size = SIZE) => get(id, size),
    has: (id, size = SIZE) => cache.has(`${size}:${id}`),
    proxy: (ref) => get(ref, 0),
  };
}
