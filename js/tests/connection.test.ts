import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../src/connection";
import type { Message, WidgetModel } from "../src/protocol";
import type { Notice, Preview } from "../src/ui";
import { readIds } from "../src/wireids";
import { block } from "./block";

type Sent = { type: string; id: string; [key: string]: unknown };

/** An anywidget model whose kernel is the test. */
function fakeModel(traits: Record<string, unknown> = {}) {
  const listeners = new Map<string, Set<(...args: never[]) => void>>();
  const sent: Sent[] = [];
  const state: Record<string, unknown> = { points: block([{ id: 1 }, { id: 2 }]), selection: [], ...traits };
  const model = {
    get: (key: string) => state[key],
    set: (key: string, value: unknown) => {
      state[key] = value;
    },
    save_changes: () => undefined,
    send: (content: Sent) => sent.push(content),
    on: (event: string, listener: (...args: never[]) => void) => {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off: (event: string, listener: (...args: never[]) => void) => listeners.get(event)?.delete(listener),
  } as unknown as WidgetModel;
  const say = (message: Message, buffers: DataView[] = []) => {
    for (const listener of listeners.get("msg:custom") ?? [])
      (listener as (...args: unknown[]) => void)(message, buffers);
  };
  const fold = (changes: Record<string, unknown>) => {
    Object.assign(state, changes);
    for (const key of Object.keys(changes))
      for (const listener of listeners.get(`change:${key}`) ?? []) listener();
  };
  const asked = (type: string) => sent.filter((message) => message.type === type);
  return { model, sent, say, fold, asked, state, listeners };
}

describe("Connection", () => {
  let life: AbortController;
  beforeEach(() => {
    life = new AbortController();
    vi.stubGlobal("window", { setTimeout, clearTimeout });
  });
  afterEach(() => {
    life.abort();
    vi.unstubAllGlobals();
  });

  it("starts from the traits and says hello", () => {
    const { model, asked } = fakeModel();
    const { store } = connect(model, life.signal);
    expect(store.points.count).toBe(2);
    expect(asked("hello")[0].seq).toBe(0);
  });

  it("follows live messages in order", () => {
    const { model, say } = fakeModel();
    const { store } = connect(model, life.signal);
    say({ type: "append", seq: 1, start: 2, count: 1 }, [block([{ id: 3 }], { seq: 1 })]);
    say({ type: "state", seq: 2, tables: { history: { undo: "remove", redo: null } } });
    expect(store.points.count).toBe(3);
    expect(store.get("history").undo).toBe("remove");
  });

  it("hands a warning on to where it happened, in step or not", () => {
    const { model, say, asked } = fakeModel();
    const { ui, store } = connect(model, life.signal);
    const heard: Notice[] = [];
    ui.on("notice", (notice) => heard.push(notice), life.signal);
    say({ type: "warning", where: "map", message: "<i>no names</i>" });
    expect(heard).toEqual([{ where: "map", kind: "warning", message: "<i>no names</i>" }]);
    expect(store.seq).toBe(0);
    expect(asked("hello")).toHaveLength(1);
  });

  it("shows a preview and keeps nothing of it", () => {
    const { model, say } = fakeModel();
    const { ui, store } = connect(model, life.signal);
    const heard: Preview[] = [];
    ui.on("preview", (preview) => heard.push(preview), life.signal);
    const before = store.seq;
    const image = new DataView(new ArrayBuffer(4));
    say({ type: "preview", job: 3, class_ids: [2], count: 1 }, [image]);
    expect(heard).toEqual([{ job: 3, classes: [2], images: [image] }]);
    expect(store.seq).toBe(before);
    expect(store.points.count).toBe(2);
  });

  it("asks for everything when it missed a message, and is in step after the answer", async () => {
    const { model, say, asked } = fakeModel();
    const { store } = connect(model, life.signal);
    say({ type: "reply", id: asked("hello")[0].id, result: { seq: 0, tables: null } });
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    say({ type: "append", seq: 4, start: 9, count: 1 }, [block([{ id: 10 }])]);
    expect(store.points.count).toBe(2);
    const [, again] = asked("hello");
    const all = Array.from({ length: 10 }, (_, i) => ({ id: i + 1 }));
    say({ type: "reply", id: again.id, result: { seq: 4, tables: {} } }, [block(all, { seq: 4 })]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(store.points.count).toBe(10);
    say({ type: "append", seq: 5, start: 10, count: 1 }, [block([{ id: 11 }])]);
    expect(store.points.count).toBe(11);
  });

  it("ignores a folded trait that is older than what it has", () => {
    const { model, say, fold } = fakeModel();
    const { store } = connect(model, life.signal);
    say({ type: "append", seq: 1, start: 2, count: 1 }, [block([{ id: 3 }])]);
    fold({ points: block([{ id: 1 }]), history: { undo: "old", redo: null } });
    expect(store.points.count).toBe(3);
    expect(store.get("history").undo).toBeNull();
  });

  it("rejects with Python's message, and shows it where the request came from", async () => {
    const { model, say, asked } = fakeModel();
    const connection = connect(model, life.signal);
    const notices: unknown[] = [];
    connection.ui.on("notice", (notice) => notices.push(notice), life.signal);
    const done = connection.act("undo", {}, "map");
    say({ type: "error", id: asked("undo")[0].id, where: "map", message: "read only" });
    expect(await done).toBeNull();
    expect(notices).toEqual([{ where: "map", kind: "error", message: "read only" }]);
  });

  it("answers only its own requests", async () => {
    const { model, say, asked } = fakeModel();
    const connection = connect(model, life.signal);
    let settled = false;
    void connection.request("undo", {}, "").then(() => {
      settled = true;
    });
    say({ type: "reply", id: "someone-else-1", result: null });
    await Promise.resolve();
    expect(settled).toBe(false);
    say({ type: "reply", id: asked("undo")[0].id, result: null });
    await new Promise((resolve) => setTimeout(resolve));
    expect(settled).toBe(true);
  });

  it("writes the selection into its trait, and listens to it", () => {
    const { model, fold, state } = fakeModel();
    const { ui } = connect(model, life.signal);
    ui.select([1]);
    expect(readIds(state.selection as DataView)).toEqual([1]);
    fold({ selection: [2] });
    expect(ui.selection).toEqual([2]);
  });

  it("takes all its listeners away", () => {
    const { model, listeners } = fakeModel();
    connect(model, life.signal);
    life.abort();
    expect([...listeners.values()].every((set) => set.size === 0)).toBe(true);
  });
});
