import type { Connection } from "../connection";
import type { Bounds } from "./camera";
import type { Scene } from "./scene";

const REST_MS = 250;
const CLOSEST = 20; // times what shows everything; one picture alone says little

/** Where the map is looked at: moves it there, and keeps the trait `view` in step once it rests. */
export class Place {
  readonly #connection: Connection;
  readonly #scene: Scene;
  readonly #stage: HTMLElement;
  #known: unknown = null;
  #timer = 0;

  /** To be made when the scene follows the stage already. */
  constructor(connection: Connection, scene: Scene, stage: HTMLElement, signal: AbortSignal) {
    this.#connection = connection;
    this.#scene = scene;
    this.#stage = stage;
    // A saved view can be shown as soon as there is something to fit, which says what zoom 1 is.
    const take = () => this.#take();
    const size = new ResizeObserver(take);
    size.observe(stage);
    connection.store.on("points", take, signal);
    connection.onTrait("view", take, signal);
    signal.addEventListener(
      "abort",
      () => {
        size.disconnect();
        window.clearTimeout(this.#timer);
      },
      { once: true },
    );
  }

  /** To be told when a person has moved the map, or has made it show everything. */
  moved(everything = false): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#save(everything), REST_MS);
  }

  /** Shows what is within the bounds. */
  show({ x0, y0, x1, y1 }: Bounds): void {
    const { clientWidth, clientHeight } = this.#stage;
    const k = Math.min((0.8 * clientWidth) / (x1 - x0), (0.8 * clientHeight) / (y1 - y0));
    this.#look((x0 + x1) / 2, (y0 + y1) / 2, Math.min(k, this.#scene.camera.home * CLOSEST));
    this.moved();
  }

  #look(x: number, y: number, k: number): void {
    const { camera } = this.#scene;
    camera.k = k;
    camera.tx = this.#stage.clientWidth / 2 - x * k;
    camera.ty = this.#stage.clientHeight / 2 + y * k;
    this.#scene.pan(0, 0);
  }

  #take(): void {
    const view = this.#connection.trait("view") ?? null;
    if (view === this.#known || !this.#stage.clientWidth || !this.#connection.store.points.count) return;
    this.#known = view;
    window.clearTimeout(this.#timer);
    this.#scene.fit();
    if (view) this.#look(view.x, view.y, view.zoom * this.#scene.camera.home);
  }

  #save(everything: boolean): void {
    const { camera } = this.#scene;
    const [x, y] = camera.toData(this.#stage.clientWidth / 2, this.#stage.clientHeight / 2);
    this.#known = everything ? null : { x, y, zoom: camera.k / camera.home };
    this.#connection.saveTrait("view", this.#known as { x: number; y: number; zoom: number } | null);
  }
}
