import { Labelling } from "./labelling";
import { Offline } from "./offline";
import { decodePoints } from "./points";
import type { Message, RequestName, Requests, SharedTrait, Tables, Traits, WidgetModel } from "./protocol";
import { shareUi } from "./sharing";
import { Store } from "./store";
import { Thumbnails } from "./thumbnails";
import { UiState } from "./ui";

export interface Reply {
  result: unknown;
  buffers: DataView[];
}

interface Pending {
  name: RequestName;
  args: Record<string, unknown>;
  since: number;
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

const TABLES: (keyof Tables)[] = [
  "info",
  "labels",
  "label_tree",
  "metrics",
  "templates",
  "proposals",
  "jobs",
  "history",
];

// Seconds without an answer after which what was saved answers: while nothing was heard yet, and later.
const PATIENCE = [2, 10];

/** One model's line to Python: keeps the store in step and carries requests. Shared by all views. */
export class Connection {
  readonly store = new Store();
  readonly ui = new UiState();
  readonly thumbnails: Thumbnails;
  readonly labelling: Labelling;
  readonly #model: WidgetModel;
  readonly #prefix = Math.random().toString(36).slice(2, 10);
  readonly #pending = new Map<string, Pending>();
  #count = 0;
  #resyncing = false;
  #heard = false;
  #silent = false;
  #offline: Offline | null = null;

  constructor(model: WidgetModel, signal: AbortSignal) {
    this.#model = model;
    this.thumbnails = new Thumbnails((name, args) => this.request(name, args, ""), signal);
    this.labelling = new Labelling((name, args) => this.request(name, args, ""), this.store, this.ui, signal);
    this.#listen(signal);
    this.#takeTraits();
    shareUi(this, signal);
    if (this.#isPage) return;
    const clock = setInterval(() => this.#tick(), 500);
    signal.addEventListener("abort", () => clearInterval(clock), { once: true });
    this.#resync();
  }

  /** Whether what is shown was saved, and no kernel has answered yet. */
  get saved(): boolean {
    return this.#isPage || (this.#silent && !this.#heard);
  }

  get #isPage(): boolean {
    return !!this.#model.get("saved")?.page;
  }

  /** Asks Python for something; rejects with Python's message. */
  request<N extends RequestName>(name: N, args: Requests[N], where: string): Promise<Reply> {
    const kept = this.#isPage || this.#silent ? this.#saved.answer(name, { ...args }) : null;
    if (kept) return Promise.resolve(kept);
    if (this.#isPage) return Promise.reject(new Error("This is a saved view: nothing in it can be changed."));
    const id = `${this.#prefix}-${++this.#count}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { name, args: { ...args }, since: performance.now(), resolve, reject });
      this.#model.send({ type: name, id, where, ...args });
      this.#announce();
    });
  }

  /** Asks Python to do something; a failure is shown at `where`. Resolves to whether it went well. */
  async act<N extends RequestName>(name: N, args: Requests[N], where: string): Promise<Reply | null> {
    try {
      return await this.request(name, args, where);
    } catch (error) {
      this.ui.emit("notice", { where, kind: "error", message: (error as Error).message });
      return null;
    }
  }

  /** The value of a trait that both sides change. */
  trait<K extends SharedTrait>(key: K): Traits[K] {
    return this.#model.get(key);
  }

  /** Tells Python, the other views and the saved notebook. */
  saveTrait<K extends SharedTrait>(key: K, value: Traits[K]): void {
    this.#model.set(key, value);
    this.#model.save_changes();
  }

  /** Hears of every change of a trait, our own too. */
  onTrait(key: SharedTrait, listener: () => void, signal: AbortSignal): void {
    this.#model.on(`change:${key}`, listener);
    signal.addEventListener("abort", () => this.#model.off(`change:${key}`, listener), { once: true });
  }

  #listen(signal: AbortSignal): void {
    const model = this.#model;
    const onMessage = (message: Message, buffers: DataView[]) => this.#receive(message, buffers ?? []);
    const onTable = () => this.#takeTraits();
    this.onTrait(
      "saved",
      () => {
        this.#offline = null;
      },
      signal,
    );
    model.on("msg:custom", onMessage);
    for (const key of TABLES) model.on(`change:${key}`, onTable);
    model.on("change:points", onTable);
    signal.addEventListener(
      "abort",
      () => {
        model.off("msg:custom", onMessage);
        for (const key of TABLES) model.off(`change:${key}`, onTable);
        model.off("change:points", onTable);
      },
      { once: true },
    );
  }

  #takeTraits(): void {
    const points = this.#model.get("points");
    if (points && points.byteLength > 0) {
      const block = decodePoints(points);
      // A trait is folded when things are quiet; live messages may have brought us further already.
      if (block.seq < this.store.seq) return;
      if (block.seq > this.store.seq || this.store.points.count === 0) {
        this.store.seq = block.seq;
        this.store.replacePoints(block);
      }
    }
    const tables: Partial<Tables> = {};
    for (const key of TABLES) Object.assign(tables, { [key]: this.#model.get(key) });
    this.store.apply(tables);
  }

  get #saved(): Offline {
    this.#offline ??= new Offline(this.#model.get("saved") ?? {});
    return this.#offline;
  }

  #receive(message: Message, buffers: DataView[]): void {
    this.#heard = true;
    this.#silent = false;
    if (message.type === "warning") {
      this.ui.emit("notice", { where: message.where, kind: "warning", message: message.message });
    } else if (message.type === "preview") {
      this.ui.emit("preview", { job: message.job, classes: message.class_ids, images: buffers });
    } else if (message.type === "reply" || message.type === "error") this.#settle(message, buffers);
    else if (message.seq === this.store.seq + 1) this.#follow(message, buffers);
    else if (message.seq > this.store.seq) this.#resync();
  }

  #follow(message: Extract<Message, { seq: number }>, buffers: DataView[]): void {
    this.store.seq = message.seq;
    if (message.type === "state") this.store.apply(message.tables);
    else if (message.type === "append") this.store.appendPoints(decodePoints(buffers[0]));
    else if (message.type === "update") this.store.updatePoints(decodePoints(buffers[0]));
    else this.store.replacePoints(decodePoints(buffers[0]));
  }

  #settle(message: Extract<Message, { type: "reply" | "error" }>, buffers: DataView[]): void {
    const pending = message.id === null ? undefined : this.#pending.get(message.id);
    if (message.id !== null) this.#pending.delete(message.id);
    if (message.type === "reply") pending?.resolve({ result: message.result, buffers });
    else if (pending) pending.reject(new Error(message.message));
    else if (message.id === null) {
      this.ui.emit("notice", { where: message.where, kind: "error", message: message.message });
    }
    this.#announce();
  }

  /** Python answers with everything, or with nothing when we are in step already. */
  #resync(): void {
    if (this.#resyncing) return;
    this.#resyncing = true;
    this.request("hello", { seq: this.store.seq }, "")
      .then(({ result, buffers }) => {
        const { seq, tables } = result as { seq: number; tables: Partial<Tables> | null };
        if (tables === null) return;
        this.store.seq = seq;
        this.store.apply(tables);
        if (buffers[0]) this.store.replacePoints(decodePoints(buffers[0]));
      })
      .catch((error: Error) => this.ui.emit("notice", { where: "", kind: "error", message: error.message }))
      .finally(() => {
        this.#resyncing = false;
      });
  }

  #announce(): void {
    this.ui.emit("acting", new Set([...this.#pending.values()].map(({ name }) => name)));
    this.#tick();
  }

  #tick(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { since } of this.#pending.values()) oldest = Math.min(oldest, since);
    const seconds = Number.isFinite(oldest) ? (performance.now() - oldest) / 1000 : 0;
    if (seconds > PATIENCE[Number(this.#heard)]) this.#answerFromSaved();
    this.ui.emit("waiting", seconds);
  }

  #answerFromSaved(): void {
    this.#silent = true;
    for (const [id, { name, args, resolve }] of this.#pending) {
      const kept = this.#saved.answer(name, args);
      if (kept && this.#pending.delete(id)) resolve(kept);
    }
  }
}
