import type { PointTable } from "../pointtable";
import type { Camera } from "./camera";
import type { LocatedLabel, Overlay } from "./overlay";

interface Location {
  ids?: number[];
  positions?: Record<number, { x: number; y: number }>;
  labels?: LocatedLabel[];
}

/** Answers a `datacrafter-locate` event: where in the window pictures and labels are drawn. */
export function locate(
  event: Event,
  points: PointTable,
  camera: Camera,
  overlay: Overlay,
  stage: Element,
): void {
  const { detail } = event as CustomEvent<Location>;
  const { left, top } = stage.getBoundingClientRect();
  const rows = detail.ids?.map((id) => points.row(id)) ?? [...Array(points.count).keys()];
  detail.positions = {};
  for (const row of rows) {
    if (row < 0 || !points.drawn(row)) continue;
    const [x, y] = camera.toScreen(points.x[row], points.y[row]);
    detail.positions[points.id[row]] = { x: x + left, y: y + top };
  }
  detail.labels = overlay.located(left, top);
}
