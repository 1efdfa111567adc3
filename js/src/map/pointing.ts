import type { Connection } from "../connection";
import { h } from "../dom";
import type { LabelNode, PictureRow } from "../protocol";
import type { Hover } from "../ui";
import { HoverDrawing } from "./hoverdrawing";
import { canPoint } from "./looks";
import type { Scene } from "./scene";
import { type Told, Tooltip } from "./tooltip";

const REST_MS = 160;
/** Pixels around a resting pointer whose pictures are loaded ahead, and how many at most. */
const NEAR = 30;
const AHEAD = 40;
const MANY = 1000;
const STEP = 12;
const NONE: ReadonlySet<number> = new Set();

/** What the pointer or the crosshair is at: picture, label or nothing; and what the page shows of it. */
export class Pointing {
  readonly elements: HTMLElement[];
  readonly #connection: Connection;
  readonly #scene: Scene;
  readonly #tooltip: Tooltip;
  readonly #drawing: HoverDrawing;
  readonly #cross = h("div", { class: "dc-crosshair", hidden: true });
  readonly #said = h("div", { class: "dc-unseen", role: "status" });
  readonly #prompts = new Map<number, string>();
  #at: [number, number] | null = null;
  #key = "";
  #mine: Hover | null = null;
  #rest = 0;
  /** The picture pointed at, or -1. */
  picture = -1;

  constructor(connection: Connection, scene: Scene, signal: AbortSignal) {
    this.#connection = connection;
    this.#scene = scene;
    this.#tooltip = new Tooltip(connection.thumbnails);
    this.#drawing = new HoverDrawing(connection.store.points, () => scene.colours);
    this.elements = [this.#cross, this.#tooltip.element, this.#said];
    scene.overlay.underlay = this.#drawing;
    connection.ui.on("hover", (hover) => this.#show(hover), signal);
    connection.store.on(
      "points",
      ({ kind }) => kind !== "appended" && this.#show(connection.ui.hover),
      signal,
    );
    signal.addEventListener("abort", () => window.clearTimeout(this.#rest), { once: true });
  }

  /** The row of the picture at a place, or within some pixels of it; -1 when there is none. */
  row(px: number, py: number, reach?: number): number {
    const { camera, picker, radius } = this.#scene;
    const drawn = reach ? -1 : this.#scene.pictureAt(px, py);
    if (drawn >= 0) return drawn;
    const [x, y] = camera.toData(px, py);
    return picker.nearest(x, y, (reach ?? radius + 4) / camera.k, this.selectable);
  }

  /** Whether the picture of a row can be pointed at. */
  selectable = (row: number): boolean => {
    const { store, ui } = this.#connection;
    return canPoint(store.points, store.get("info").classes, ui, row);
  };

  /** The label at a place where there is no picture. */
  label(px: number, py: number): LabelNode | null {
    return this.#scene.overlay.hit(px, py);
  }

  /** The pointer is here; says whether at something. */
  hover(px: number, py: number): boolean {
    this.#endCross();
    const row = this.row(px, py);
    const node = row < 0 ? this.label(px, py) : null;
    this.#point(row, node?.members);
    window.clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.#rests(px, py), REST_MS);
    return row >= 0 || node !== null;
  }

  /** The pointer is nowhere. */
  leave(): void {
    window.clearTimeout(this.#rest);
    this.#endCross();
    this.#point(-1);
  }

  /** Moves the crosshair by steps, or to the middle where there was none, and points at the picture nearest to it. */
  cross(dx: number, dy: number, width: number, height: number): void {
    const [x, y] = this.#at ?? [width / 2 - dx * STEP, height / 2 - dy * STEP];
    const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
    this.#at = [within(x + dx * STEP, width), within(y + dy * STEP, height)];
    this.#cross.hidden = false;
    this.#cross.style.transform = `translate(${this.#at[0]}px, ${this.#at[1]}px)`;
    this.follow();
  }

  /** The map has moved under the crosshair. */
  follow(): void {
    if (!this.#at) return;
    let row = -1;
    for (let reach = 16; row < 0 && reach < 2000; reach *= 2) row = this.row(...this.#at, reach);
    this.#point(row);
    if (row < 0) return;
    const { title, note } = this.#told(row);
    this.#said.textContent = `${title}, ${note}, picture ${this.picture}`;
    window.clearTimeout(this.#rest);
    const [px, py] = this.#at;
    this.#rest = window.setTimeout(() => this.#rests(px, py), REST_MS);
  }

  #endCross(): void {
    this.#at = null;
    this.#cross.hidden = true;
  }

  #point(row: number, labels: readonly number[] = []): void {
    const { ui, store, labelling } = this.#connection;
    const picture = row < 0 ? -1 : store.points.id[row];
    this.picture = picture;
    if (row < 0) this.#tooltip.hide();
    else {
      const [sx, sy] = this.#scene.camera.toScreen(store.points.x[row], store.points.y[row]);
      this.#tooltip.show(this.#told(row), sx, sy);
    }
    const key = row < 0 ? labels.join() : `#${picture}`;
    // What else lay under the pointer does so no longer.
    if (key === this.#key && ui.hover === this.#mine) return;
    this.#key = key;
    this.#mine = key
      ? {
          pictures: row < 0 ? NONE : new Set([picture]),
          labels: row < 0 ? new Set(labels) : (labelling.known(picture) ?? NONE),
        }
      : null;
    ui.setHover(this.#mine);
  }

  #show(hover: Hover | null): void {
    const { pictures, labels } = this.#mine ?? {};
    // Ours, with more that came to be known of it.
    if (hover && (hover.pictures === pictures || hover.labels === labels)) this.#mine = hover;
    this.#drawing.take(hover?.pictures ?? NONE);
    this.#scene.overlay.near = hover?.labels ?? NONE;
    if (this.picture >= 0) this.#tell();
    this.#scene.request();
  }

  #told(row: number): Told {
    const { store } = this.#connection;
    const { points } = store;
    const index = points.classIndex[row];
    const flag = points.flagged[row] ? " · flagged" : "";
    return {
      id: points.id[row],
      title: store.get("info").classes[index]?.name ?? "",
      note: (points.origin[row] ? `generated · round ${points.iteration[row]}` : "original") + flag,
      colour: this.#scene.colours[index] ?? "",
    };
  }

  #tell(): void {
    const { store, labelling } = this.#connection;
    const carried = labelling.known(this.picture);
    const texts = carried
      ? store.get("labels").flatMap(({ id, text }) => (carried.has(id) ? [text] : []))
      : [];
    this.#tooltip.tell(this.picture, texts.slice(0, 6).join(", "), this.#prompts.get(this.picture) ?? "");
  }

  #rests(px: number, py: number): void {
    if (this.picture >= 0) void this.#learn(this.picture);
    const { camera, picker } = this.#scene;
    const { id } = this.#connection.store.points;
    const [x, y] = camera.toData(px, py);
    const reach = NEAR / camera.k;
    const box = { x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach };
    const near = picker.count(box) > MANY ? [] : [...picker.within(box)].filter(this.selectable);
    // Among very many the next one could be any.
    if (near.length <= AHEAD) this.#tooltip.prepare(near.map((row) => id[row]));
  }

  async #learn(id: number): Promise<void> {
    if (!this.#prompts.has(id)) {
      this.#prompts.set(id, "");
      try {
        const { result } = await this.#connection.request("picture", { picture: id }, "");
        const { provenance } = result as PictureRow & { provenance?: { prompt?: string } };
        this.#prompts.set(id, provenance?.prompt?.slice(0, 120) ?? "");
      } catch {
        this.#prompts.delete(id);
      }
    }
    if (this.picture === id) this.#tell();
  }
}
