/**
 * Pictures as blob URLs, asked for in batches and each once, until the signal. One that could not be had is null, and
 * asked for again the next time.
 */
export function latePictures<K extends number | string>(
  ask: (keys: K[]) => Promise<{ buffers: DataView[] } | null>,
  signal: AbortSignal,
): (key: K) => Promise<string | null> {
  const known = new Map<K, Promise<string | null>>();
  let wanted: [key: K, resolve: (url: string | null) => void][] = [];
  const load = async () => {
    const batch = wanted;
    wanted = [];
    const reply = await ask(batch.map(([key]) => key)).catch(() => null);
    batch.forEach(([key, resolve], i) => {
      const bytes = reply?.buffers[i] as DataView<ArrayBuffer> | undefined;
      if (!bytes?.byteLength) known.delete(key);
      resolve(bytes?.byteLength && !signal.aborted ? URL.createObjectURL(new Blob([bytes])) : null);
    });
  };
  signal.addEventListener("abort", () => {
    for (const url of known.values()) void url.then((found) => found && URL.revokeObjectURL(found));
  });
  return (key) => {
    const url =
      known.get(key) ??
      new Promise<string | null>((resolve) => {
        if (!wanted.length) queueMicrotask(load);
        wanted.push([key, resolve]);
      });
    known.set(key, url);
    return url;
  };
}
