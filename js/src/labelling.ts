import { after } from "./after";
import type { Reply } from "./connection";
import type { Requests } from "./protocol";
import type { Store } from "./store";
import type { UiState } from "./ui";

type Ask = <N extends "label_pictures" | "picture_labels">(name: N, args: Requests[N]) => Promise<Reply>;

const REST_MS = 70;
const MOST = 256; // sets of pictures that are kept
const NONE: ReadonlySet<number> = new Set();

/** Which pictures carry which labels: asked when needed, kept until the labels change. */
export class Labelling {
  readonly #ask: Ask;
  readonly #pictures = new Map<string, Promise<ReadonlySet<number>>>();
  readonly #labels = new Map<number, ReadonlySet<number>>();

  /** Also adds to what is under the pointer, once it rests: its labels to a picture, their pictures to labels. */
  constructor(ask: Ask, store: Store, ui: UiState, signal: AbortSignal) {
    this.#ask = ask;
    const forget = () => {
      this.#pictures.clear();
      this.#labels.clear();
    };
    store.on("labels", forget, signal);
    const rest = after(REST_MS, signal);
    ui.on("hover", () => rest(() => void this.#complete(ui)), signal);
  }

  /** The pictures that carry any of the labels. */
  pictures(labels: readonly number[]): Promise<ReadonlySet<number>> {
    const key = labels.join();
    let found = this.#pictures.get(key);
    if (!found) {
      if (this.#pictures.size >= MOST) this.#pictures.clear();
      found = this.#ask("label_pictures", { labels: [...labels] }).then(
        ({ result }) => new Set(result as number[]),
      );
      this.#pictures.set(key, found);
      found.catch(() => this.#pictures.delete(key)); // to be asked again
    }
    return found;
  }

  /** The labels of a picture as far as they are known, the surest first. */
  known(picture: number): ReadonlySet<number> | undefined {
    return this.#labels.get(picture);
  }

  /** The labels of any of the pictures. */
  async labels(pictures: readonly number[]): Promise<ReadonlySet<number>> {
    const ids = pictures.filter((id) => !this.#labels.has(id));
    if (ids.length) {
      const found = (await this.#ask("picture_labels", { ids })).result as Record<number, number[]>;
      for (const id of ids) this.#labels.set(id, new Set(found[id]));
    }
    return new Set(pictures.flatMap((id) => [...(this.#labels.get(id) ?? [])]));
  }

  async #complete(ui: UiState): Promise<void> {
    const { hover } = ui;
    if (!hover || hover.pictures.size * hover.labels.size || hover.pictures.size > 100) return;
    const silent = () => NONE; // a hint that can't be had is no error to show
    const next = {
      pictures: hover.pictures.size ? hover.pictures : await this.pictures([...hover.labels]).catch(silent),
      labels: hover.labels.size ? hover.labels : await this.labels([...hover.pictures]).catch(silent),
    };
    if (ui.hover === hover && next.pictures.size * next.labels.size) ui.setHover(next);
  }
}
