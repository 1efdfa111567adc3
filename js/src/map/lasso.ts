import { svg } from "../svg";

export type Lasso = ReturnType<typeof lassoLine>;

/** The line being drawn around points: free-hand or a rectangle. Coordinates are pixels of the map. */
export function lassoLine() {
  const path = svg("path", { d: "" });
  let points: [number, number][] = [];
  let rectangle = false;

  function show(): void {
    path.setAttribute("d", points.length > 1 ? `M${points.join("L")}Z` : "");
  }

  function cancel(): void {
    points = [];
    show();
  }

  return {
    element: svg("svg", { class: "dc-lasso", "aria-hidden": "true" }, path),
    cancel,

    start(x: number, y: number, straight: boolean): void {
      points = [[x, y]];
      rectangle = straight;
      show();
    },

    move(x: number, y: number): void {
      const last = points.at(-1);
      if (!last) return; // given up on the way
      const [x0, y0] = points[0];
      if (rectangle)
        points = [
          [x0, y0],
          [x, y0],
          [x, y],
          [x0, y],
        ];
      else if (Math.hypot(x - last[0], y - last[1]) >= 2) points.push([x, y]);
      show();
    },

    /** The closed outline as x, y, x, y …, or null when it encloses nothing. */
    finish(): number[] | null {
      const outline = points.flat();
      cancel();
      return outline.length >= 6 ? outline : null;
    },
  };
}
