import { Labelling } from "./labelling";
import { type Answer, offline } from "./offline";
import { decodePoints } from "./points";
import type { Message, RequestName, Requests, SharedTrait, Tables, Traits, WidgetModel } from "./protocol";
import { shareUi } from "./sharing";
import { EMPTY, Store } from "./store";
import { fetchStudio, type Studio } from "./studioloader";
import { type Thumbnails, thumbnailCache } from "./thumbnails";
import { type Notice, UiState } from "./ui";

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

const TABLES = Object.keys(EMPTY) as (keyof Tables)[];

// Seconds without an answer after which what was saved answers: while nothing was heard yet, and later.
const PATIENCE = [2, 10];

export interface Connection {
  readonly store: Store;
  readonly ui: UiState;
  readonly thumbnails: Thumbnails;
  readonly labelling: Labelling;
  /** Whether what is shown was saved, and no kernel has answered yet. */
  saved(): boolean;
  /** Asks Python for something; rejects with Python's message. */
  request<N extends RequestName>(name: N, args: Requests[N], where: string): Promise<Reply>;
  /** Asks Python to do something; a failure is shown at `where`. Resolves to whether it went well. */
  act<N extends RequestName>(name: N, args: Requests[N], where: string): Promise<Reply | null>;
  /** What only works with a kernel; asked for when it is first wanted, for all views. */
  studio(): Promise<Studio>;
  /** The value of a trait. */
  trait<K extends keyof Traits>(key: K): Traits[K];
  /** Tells Python, the other views and the saved notebook. */
  saveTrait<K extends SharedTrait>(key: K, value: Traits[K]): void;
  /** Hears of every change of a trait, our own too. */
  onTrait(key: keyof Traits, listener: () => void, signal: AbortSignal): void;
}

type Ask = <N extends RequestName>(name: N, args: Requests[N]) => Promise<Reply>;

/** One model's line to Python: keeps the store in step and carries requests. Shared by all views. */
export function connect(model: WidgetModel, signal: AbortSignal): Connection {
  const store = new Store();
  const ui = new UiState();
  const prefix = Math.random().toString(36).slice(2, 10);
  const pending = new Map<string, Pending>();
  let count = 0;
  let resyncing = false;
  let heard = false;
  let silent = false;
  let kept: Answer | null = null;
  let studio: Promise<Studio> | null = null;

  const isPage = () => !!model.get("saved")?.page;

  const answer: Answer = (name, args) => {
    kept ??= offline(model.get("saved") ?? {});
    return kept(name, args);
  };

  const notify = (kind: Notice["kind"], { where, message }: Omit<Notice, "kind">) =>
    ui.emit("notice", { where, kind, message });

  const request: Connection["request"] = (name, args, where) => {
    const found = isPage() || silent ? answer(name, { ...args }) : null;
    if (found) return Promise.resolve(found);
    if (isPage()) return Promise.reject(new Error("This is a saved view: nothing in it can be changed."));
    const id = `${prefix}-${++count}`;
    return new Promise((resolve, reject) => {
      pending.set(id, { name, args: { ...args }, since: performance.now(), resolve, reject });
      model.send({ type: name, id, where, ...args });
      announce();
    });
  };

  const onTrait: Connection["onTrait"] = (key, listener, life) => {
    model.on(`change:${key}`, listener);
    life.addEventListener("abort", () => model.off(`change:${key}`, listener));
  };

  const takeTraits = () => {
    const points = model.get("points");
    if (points?.byteLength) {
      const block = decodePoints(points);
      // A trait is folded when things are quiet; live messages may have brought us further already.
      if (block.seq < store.seq) return;
      if (block.seq > store.seq || !store.points.count) {
        store.seq = block.seq;
        store.replacePoints(block);
      }
    }
    store.apply(Object.fromEntries(TABLES.map((key) => [key, model.get(key)])));
  };

  const receive = (message: Message, buffers: DataView[] = []) => {
    heard = true;
    silent = false;
    const { type } = message;
    if (type === "warning") notify(type, message);
    else if (type === "gallery") ui.emit(type, null);
    else if (type === "preview")
      ui.emit("preview", { job: message.job, classes: message.class_ids, images: buffers });
    else if (type === "reply" || type === "error") settle(message, buffers);
    else if (message.seq === store.seq + 1) follow(message, buffers);
    else if (message.seq > store.seq) resync();
  };

  const follow = (message: Extract<Message, { seq: number }>, [points]: DataView[]) => {
    store.seq = message.seq;
    if (message.type === "state") store.apply(message.tables);
    else if (message.type === "append") store.appendPoints(decodePoints(points));
    else if (message.type === "update") store.updatePoints(decodePoints(points));
    else store.replacePoints(decodePoints(points));
  };

  const settle = (message: Extract<Message, { type: "reply" | "error" }>, buffers: DataView[]) => {
    const id = message.id ?? "";
    const asked = pending.get(id);
    pending.delete(id);
    if (message.type === "reply") asked?.resolve({ result: message.result, buffers });
    else if (asked) asked.reject(new Error(message.message));
    else if (!id) notify(message.type, message);
    announce();
  };

  /** Python answers with everything, or with nothing when we are in step already. */
  const resync = async () => {
    if (resyncing) return;
    resyncing = true;
    const reply = await act("hello", { seq: store.seq }, "");
    resyncing = false;
    const { seq, tables } = (reply?.result ?? {}) as { seq: number; tables?: Partial<Tables> | null };
    if (!reply || !tables) return;
    store.seq = seq;
    store.apply(tables);
    if (reply.buffers[0]) store.replacePoints(decodePoints(reply.buffers[0]));
  };

  const announce = () => {
    ui.emit("acting", new Set([...pending.values()].map(({ name }) => name)));
    tick();
  };

  const tick = () => {
    const now = performance.now();
    const oldest = Math.min(now, ...[...pending.values()].map(({ since }) => since));
    const seconds = (now - oldest) / 1000;
    if (seconds > PATIENCE[Number(heard)]) answerFromSaved();
    ui.emit("waiting", seconds);
  };

  const answerFromSaved = () => {
    silent = true;
    for (const [id, { name, args, resolve }] of pending) {
      const found = answer(name, args);
      if (found && pending.delete(id)) resolve(found);
    }
  };

  const act: Connection["act"] = async (name, args, where) => {
    try {
      return await request(name, args, where);
    } catch (error) {
      notify("error", { where, message: (error as Error).message });
      return null;
    }
  };

  const ask: Ask = (name, args) => request(name, args, "");
  const connection: Connection = {
    store,
    ui,
    thumbnails: thumbnailCache(ask, signal),
    labelling: new Labelling(ask, store, ui, signal),
    saved: () => isPage() || (silent && !heard),
    request,
    act,
    studio() {
      studio ??= fetchStudio(request).catch((error) => {
        studio = null; // to be asked for again
        throw error;
      });
      return studio;
    },
    trait: (key) => model.get(key),
    saveTrait(key, value) {
      model.set(key, value);
      model.save_changes();
    },
    onTrait,
  };
  const forget = () => {
    kept = null;
  };
  onTrait("saved", forget, signal);
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  for (const key of [...TABLES, "points"] as const) onTrait(key, takeTraits, signal);
  takeTraits();
  shareUi(connection, signal);
  if (!isPage()) {
    const clock = setInterval(tick, 500);
    signal.addEventListener("abort", () => clearInterval(clock));
    void resync();
  }
  return connection;
}
