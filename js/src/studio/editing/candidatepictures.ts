import type { Connection } from "../../connection";

const SIZE = 512;

/** The pictures of candidates as blob URLs, each asked for once, until the signal. */
export function candidatePictures(
  connection: Connection,
  signal: AbortSignal,
): (candidate: number) => Promise<string | null> {
  const known = new Map<number, Promise<string | null>>();
  let wanted: [id: number, resolve: (url: string | null) => void][] = [];
  const load = async () => {
    const batch = wanted;
    wanted = [];
    const args = { candidates: batch.map(([id]) => id), size: SIZE };
    const reply = await connection.request("edit_pictures", args, "studio").catch(() => null);
    batch.forEach(([id, resolve], i) => {
      const bytes = reply?.buffers[i] as DataView<ArrayBuffer> | undefined;
      if (!bytes?.byteLength) known.delete(id);
      resolve(bytes?.byteLength && !signal.aborted ? URL.createObjectURL(new Blob([bytes])) : null);
    });
  };
  signal.addEventListener("abort", () => {
    for (const url of known.values()) void url.then((found) => found && URL.revokeObjectURL(found));
  });
  return (id) => {
    const url =
      known.get(id) ??
      new Promise<string | null>((resolve) => {
        if (!wanted.length) queueMicrotask(load);
        wanted.push([id, resolve]);
      });
    known.set(id, url);
    return url;
  };
}
