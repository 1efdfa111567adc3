import { after } from "../after";
import type { Bounds } from "../bounds";
import type { Connection } from "../connection";
import type { Scene } from "./scene";

const REST_MS = 250;
const CLOSEST = 20; // times what shows everything; one picture alone says little

/**
 * Where the map is looked at: moves it there, and keeps the trait `view` in step once it rests. To be made when the
 * scene follows the stage already.
 */
export function placeKeeper(connection: Connection, scene: Scene, stage: HTMLElement, signal: AbortSignal) {
  const { camera } = scene;
  const { store } = connection;
  const rest = after(REST_MS, signal);
  let known: unknown = null;

  function look(x: number, y: number, k: number): void {
    camera.k = k;
    camera.tx = stage.clientWidth / 2 - x * k;
    camera.ty = stage.clientHeight / 2 + y * k;
    scene.pan(0, 0);
  }

  function take(): void {
    const view = connection.trait("view") ?? null;
    if (view === known || !stage.clientWidth || !store.points.count) return;
    known = view;
    rest();
    scene.fit();
    if (view) look(view.x, view.y, view.zoom * camera.home);
  }

  /** To be told when a person has moved the map, or has made it show everything. */
  function moved(everything = false): void {
    rest(() => {
      const [x, y] = camera.toData(stage.clientWidth / 2, stage.clientHeight / 2);
      const view = everything ? null : { x, y, zoom: camera.k / camera.home };
      known = view;
      connection.saveTrait("view", view);
    });
  }

  // A saved view can be shown as soon as there is something to fit, which says what zoom 1 is.
  const size = new ResizeObserver(take);
  size.observe(stage);
  signal.addEventListener("abort", () => size.disconnect());
  store.on("points", take, signal);
  connection.onTrait("view", take, signal);

  return {
    moved,

    /** Shows what is within the bounds. */
    show({ x0, y0, x1, y1 }: Bounds): void {
      const k = Math.min((0.8 * stage.clientWidth) / (x1 - x0), (0.8 * stage.clientHeight) / (y1 - y0));
      look((x0 + x1) / 2, (y0 + y1) / 2, Math.min(k, camera.home * CLOSEST));
      moved();
    },
  };
}
