import { after } from "../after";
import type { Connection } from "../connection";
import { h } from "../dom";
import type { PictureRow } from "../protocol";
import type { Hover } from "../ui";
import { hoverDrawing } from "./hoverdrawing";
import { canPoint } from "./looks";
import type { Scene } from "./scene";
import { type Told, tooltipFor } from "./tooltip";

const REST_MS = 160;
/** Pixels around a resting pointer whose pictures are loaded ahead, and how many at most. */
const NEAR = 30;
const AHEAD = 40;
const MANY = 1000;
const STEP = 12;
const NONE: ReadonlySet<number> = new Set();

/** What the pointer or the crosshair is at: picture, label or nothing; and what the page shows of it. */
export function pointing(connection: Connection, scene: Scene, stage: HTMLElement, signal: AbortSignal) {
  const { store, ui, labelling } = connection;
  const { points } = store;
  const { camera, overlay, picker } = scene;
  const tooltip = tooltipFor(connection.thumbnails);
  const drawing = hoverDrawing(points, scene.colours);
  const cross = h("div.dc-crosshair", { hidden: true });
  const said = h("div.dc-unseen", { role: "status" });
  const prompts = new Map<number, string>();
  const rest = after(REST_MS, signal);
  /** Where the crosshair is. */
  let at: [number, number] | null = null;
  let key = "";
  let mine: Hover | null = null;
  /** The picture pointed at, or -1. */
  let picture = -1;

  stage.append(cross, tooltip.element, said);
  overlay.underlay = drawing.draw;
  ui.on("hover", show, signal);
  store.on("points", ({ kind }) => kind !== "appended" && show(ui.hover), signal);

  /** Whether the picture of a row can be pointed at. */
  const selectable = (row: number) => canPoint(connection, row);

  /** The row of the picture at a place, or within some pixels of it; -1 when there is none. */
  function rowAt(px: number, py: number, reach?: number): number {
    const drawn = reach ? -1 : scene.pictureAt(px, py);
    if (drawn >= 0) return drawn;
    const [x, y] = camera.toData(px, py);
    return picker.nearest(x, y, (reach ?? scene.radius() + 4) / camera.k, selectable);
  }

  /** The map has moved under the crosshair. */
  function follow(): void {
    if (!at) return;
    const [px, py] = at;
    let row = -1;
    for (let reach = 16; row < 0 && reach < 2000; reach *= 2) row = rowAt(px, py, reach);
    point(row);
    if (row < 0) return;
    const { title, note } = told(row);
    said.textContent = `${title}, ${note}, picture ${picture}`;
    rest(() => rests(px, py));
  }

  function endCross(): void {
    at = null;
    cross.hidden = true;
  }

  function point(row: number, labels: readonly number[] = []): void {
    picture = row < 0 ? -1 : points.id[row];
    if (row < 0) tooltip.hide();
    else tooltip.show(told(row), ...camera.toScreen(points.x[row], points.y[row]));
    const next = row < 0 ? labels.join() : `#${picture}`;
    // What else lay under the pointer does so no longer.
    if (next === key && ui.hover === mine) return;
    key = next;
    if (!key) mine = null;
    else if (row < 0) mine = { pictures: NONE, labels: new Set(labels) };
    else mine = { pictures: new Set([picture]), labels: labelling.known(picture) ?? NONE };
    ui.setHover(mine);
  }

  function show(hover: Hover | null): void {
    // Ours, with more that came to be known of it.
    if (hover && (hover.pictures === mine?.pictures || hover.labels === mine?.labels)) mine = hover;
    drawing.take(hover?.pictures ?? NONE);
    overlay.near = hover?.labels ?? NONE;
    tell();
    scene.request();
  }

  function told(row: number): Told {
    const index = points.classIndex[row];
    const flag = points.flagged[row] ? " · flagged" : "";
    return {
      id: points.id[row],
      title: store.get("info").classes[index]?.name ?? "",
      note: (points.origin[row] ? `generated · round ${points.iteration[row]}` : "original") + flag,
      colour: scene.colours()[index] ?? "",
    };
  }

  function tell(): void {
    if (picture < 0) return;
    const carried = labelling.known(picture);
    const texts = carried ? store.get("labels").filter(({ id }) => carried.has(id)) : [];
    const words = texts.slice(0, 6).map(({ text }) => text);
    tooltip.tell(picture, words.join(", "), prompts.get(picture) ?? "");
  }

  function rests(px: number, py: number): void {
    if (picture >= 0) void learn(picture);
    const [x, y] = camera.toData(px, py);
    const reach = NEAR / camera.k;
    const box = { x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach };
    const near = picker.count(box) > MANY ? [] : [...picker.within(box)].filter(selectable);
    // Among very many the next one could be any.
    if (near.length <= AHEAD) tooltip.prepare(near.map((row) => points.id[row]));
  }

  async function learn(id: number): Promise<void> {
    if (!prompts.has(id)) {
      prompts.set(id, "");
      try {
        const { result } = await connection.request("picture", { picture: id }, "");
        const { provenance } = result as PictureRow & { provenance?: { prompt?: string } };
        prompts.set(id, provenance?.prompt?.slice(0, 120) ?? "");
      } catch {
        prompts.delete(id);
      }
    }
    if (picture === id) tell();
  }

  return {
    selectable,
    rowAt,
    follow,
    picture: () => picture,

    /** The pointer is here; says whether at something. */
    hover(px: number, py: number): boolean {
      endCross();
      const row = rowAt(px, py);
      const node = row < 0 ? overlay.hit(px, py) : null;
      point(row, node?.members);
      rest(() => rests(px, py));
      return row >= 0 || node !== null;
    },

    /** The pointer is nowhere. */
    leave(): void {
      rest();
      endCross();
      point(-1);
    },

    /** Moves the crosshair by steps, or to the middle where there was none, and points at the picture nearest to it. */
    cross(dx: number, dy: number): void {
      const { clientWidth: width, clientHeight: height } = stage;
      const [x, y] = at ?? [width / 2 - dx * STEP, height / 2 - dy * STEP];
      const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
      at = [within(x + dx * STEP, width), within(y + dy * STEP, height)];
      cross.hidden = false;
      cross.style.translate = `${at[0]}px ${at[1]}px`;
      follow();
    },
  };
}
