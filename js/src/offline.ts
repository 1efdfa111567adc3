import type { Reply } from "./connection";
import type { Requests } from "./protocol";
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

type Query = "thumbnails" | "proxies" | "families" | "label_pictures" | "picture_labels" | "picture";
type Args = Partial<Requests[Query]> & Record<string, unknown>;

const NOTHING = new DataView(new ArrayBuffer(0));

/** Answers questions in the kernel's place from what was saved. */
export class Offline {
  readonly #saved: SavedView;
  readonly #place = new Map<number, number>();

  constructor(saved: SavedView) {
    this.#saved = saved;
    for (const [i, id] of readIds(saved.ids).entries()) this.#place.set(id, i);
  }

  /** The answer, or null when it was not saved. */
  answer(name: string, args: Args): Reply | null {
    const { families, wearers, sheets } = this.#saved;
    if (name === "thumbnails") return reply(null, (args.ids as number[]).map(this.#image));
    if (name === "proxies")
      return reply(
        null,
        (args.refs as unknown[]).map(() => NOTHING),
      );
    if (name === "picture") {
      const sheet = sheets?.[this.#place.get(args.picture as number) ?? -1];
      return sheet ? reply(sheet) : null;
    }
    if (name === "label_pictures" && wearers) return reply(this.#wearers(args.labels as number[]));
    if (name === "picture_labels" && wearers) return reply(this.#labels(args.ids as number[]));
    if (name === "families" && families) {
      return reply(
        null,
        someFamilies(families, args.ids as number[] | null, args.classes as number[] | null),
      );
    }
    return null;
  }

  readonly #image = (id: number): DataView => {
    const { ends, images } = this.#saved;
    const at = this.#place.get(id);
    if (at === undefined || !ends || !images) return NOTHING;
    const start = at ? ends.getUint32(4 * at - 4, true) : 0;
    return new DataView(images.buffer, images.byteOffset + start, ends.getUint32(4 * at, true) - start);
  };

  #wearers(labels: number[]): number[] {
    const found = new Set<number>();
    this.#edges((label, picture) => labels.includes(label) && found.add(picture));
    return [...found].sort((a, b) => a - b);
  }

  #labels(ids: number[]): Record<number, number[]> {
    const found = Object.fromEntries(ids.map((id) => [id, [] as number[]]));
    this.#edges((label, picture) => found[picture]?.push(label));
    return found;
  }

  #edges(visit: (label: number, picture: number) => unknown): void {
    const edges = readIds(this.#saved.wearers);
    for (let i = 0; i < edges.length; i += 2) visit(edges[i], edges[i + 1]);
  }
}

function reply(result: unknown, buffers: DataView[] = []): Reply {
  return { result, buffers };
}

/** The rows of saved families that are of some classes and have some of the pictures; see `session/families.py`. */
function someFamilies(
  [table, members, marks]: [DataView, DataView, DataView],
  ids: number[] | null,
  classes: number[] | null,
): DataView[] {
  const rows = readIds(table);
  const pictures = readIds(members);
  const wanted = ids && new Set(ids);
  const kept: { rows: number[]; ids: number[]; marks: number[] } = { rows: [], ids: [], marks: [] };
  for (let row = 0, at = 0; row < rows.length; row += 4) {
    const [first, owner, mark, count] = rows.slice(row, row + 4);
    let own = Array.from({ length: count }, (_, i) => at + i);
    at += count;
    if (classes && !classes.includes(owner)) continue;
    if (wanted && first <= 0) own = own.filter((place) => wanted.has(pictures[place]));
    if (wanted && !wanted.has(first) && !own.some((place) => wanted.has(pictures[place]))) continue;
    kept.rows.push(first, owner, mark, own.length);
    for (const place of own) {
      kept.ids.push(pictures[place]);
      kept.marks.push(marks.getUint8(place));
    }
  }
  return [kept.rows, kept.ids]
    .map((each) => new DataView(Int32Array.from(each).buffer))
    .concat(new DataView(Uint8Array.from(kept.marks).buffer));
}
