import { svg } from "../svg";

/** The line being drawn around points: free-hand or a rectangle. Coordinates are pixels of the map. */
export class Lasso {
  readonly element = svg("svg", { class: "dc-lasso", "aria-hidden": "true" });
  readonly #path = svg("path", { d: "" });
  #points: number[] = [];
  #rectangle = false;

  constructor() {
    this.element.append(this.#path);
  }

  start(x: number, y: number, rectangle: boolean): void {
    this.#points = [x, y];
    this.#rectangle = rectangle;
    this.#show();
  }

  move(x: number, y: number): void {
    const n = this.#points.length;
    if (this.#rectangle) {
      const [x0, y0] = this.#points;
      this.#points = [x0, y0, x, y0, x, y, x0, y];
    } else if (Math.hypot(x - this.#points[n - 2], y - this.#points[n - 1]) >= 2) {
      this.#points.push(x, y);
    }
    this.#show();
  }

  /** The closed outline as x, y, x, y …, or null when it encloses nothing. */
  finish(): number[] | null {
    const polygon = this.#points;
    this.cancel();
    return polygon.length >= 6 ? polygon : null;
  }

  cancel(): void {
    this.#points = [];
    this.#show();
  }

  #show(): void {
    const pairs: string[] = [];
    for (let i = 0; i < this.#points.length; i += 2) pairs.push(`${this.#points[i]},${this.#points[i + 1]}`);
    this.#path.setAttribute("d", pairs.length > 1 ? `M${pairs.join("L")}Z` : "");
  }
}
