import type { Reply } from "./connection";
import { readIds } from "./wireids";

/** What `widget.snapshot()` and `session.to_html()` keep; see `session/saved.py`. */
export interface SavedView {
  /** Whether this is a page of its own, that no kernel will ever answer. */
  page?: boolean;
  ids?: DataView;
  ends?: DataView;
  images?: DataView;
  sheets?: unknown[];
  families?: [DataView, DataView, DataView];
  wearers?: DataView;
}

interface Args {
  ids?: number[] | null;
  labels?: number[];
  picture?: number;
  [more: string]: unknown;
}

/** The answer to a request, or null when it was not saved. */
export type Answer = (name: string, args: Args) => Reply | null;

/** Answers questions in the kernel's place from what was saved. */
export function offline({ page, ids, ends, images, sheets, families, wearers }: SavedView): Answer {
  const place = new Map(readIds(ids).map((id, i) => [id, i]));
  const edges = readIds(wearers);

  const image = (id: number): DataView => {
    const at = place.get(id);
    if (at === undefined || !ends || !images) return new DataView(new ArrayBuffer(0));
    const start = at && ends.getUint32(4 * at - 4, true);
    return new DataView(images.buffer, images.byteOffset + start, ends.getUint32(4 * at, true) - start);
  };

  const wearersOf = (labels: number[]) => {
    const found = edges.filter((_, i) => i % 2 && labels.includes(edges[i - 1]));
    return [...new Set(found)].sort((a, b) => a - b);
  };

  const labelsOf = (pictures: number[]) => {
    const found = Object.fromEntries(pictures.map((id) => [id, [] as number[]]));
    for (let i = 0; i < edges.length; i += 2) found[edges[i + 1]]?.push(edges[i]);
    return found;
  };

  return (name, args) => {
    const sheet = sheets?.[place.get(args.picture ?? 0) ?? -1];
    // A kernel that is only slow will have the pictures that were not saved.
    if (name === "thumbnails" && (page || args.ids!.some((id) => place.has(id))))
      return { result: null, buffers: args.ids!.map(image) };
    if (name === "proxies" && page) return { result: null, buffers: [] };
    if (name === "families" && families) return { result: null, buffers: families };
    if (name === "picture" && sheet) return { result: sheet, buffers: [] };
    if (name === "label_pictures" && wearers) return { result: wearersOf(args.labels!), buffers: [] };
    if (name === "picture_labels" && wearers) return { result: labelsOf(args.ids!), buffers: [] };
    return null;
  };
}
