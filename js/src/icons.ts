import { svg } from "./svg";

// Strokes on a 16 × 16 grid.
const PATHS = {
  pan: "M8 1.8v12.4M1.8 8h12.4M6.2 3.6 8 1.8l1.8 1.8M6.2 12.4 8 14.2l1.8-1.8M3.6 6.2 1.8 8l1.8 1.8M12.4 6.2 14.2 8l-1.8 1.8",
  lasso:
    "M5.2 11.2C3.2 10.4 2 9 2 7.3 2 4.6 4.7 2.6 8 2.6s6 2 6 4.7-2.7 4.7-6 4.7c-.6 0-1.2-.06-1.7-.18M5.3 9.8a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3M4.6 12.7c.1 1-.3 1.7-1.3 2",
  rectangle:
    "M2.5 5V3.5a1 1 0 0 1 1-1H5M7 2.5h2M11 2.5h1.5a1 1 0 0 1 1 1V5M13.5 7v2M13.5 11v1.5a1 1 0 0 1-1 1H11M9 13.5H7M5 13.5H3.5a1 1 0 0 1-1-1V11M2.5 9V7",
  remove: "M2.5 4h11M6.2 4V2.6h3.6V4M4 4l.6 9a1 1 0 0 0 1 .9h4.8a1 1 0 0 0 1-.9L12 4M6.7 6.8v4.4M9.3 6.8v4.4",
  more: "M9.5 2.5h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-3M8 5.5v5M5.5 8h5M2.5 6V3.5a1 1 0 0 1 1-1H6",
  change: "M3 13.2 10 6.2M10.8 5.4l1-1M5 2.2v3M3.5 3.7h3M12.5 9v3M11 10.5h3M2.4 12.6l1 1M9.6 5.4l1 1",
  sets: "M6 3.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10 3.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4",
  weights:
    "M2 4.8h6.2M11.8 4.8H14M10 3a1.8 1.8 0 1 0 0 3.6A1.8 1.8 0 0 0 10 3M2 11.2h2.2M7.8 11.2H14M6 9.4a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
  down: "M4 6.2l4 4 4-4",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6",
  redo: "M10.5 3l3 3-3 3M13.5 6h-7a4 4 0 0 0 0 8H10",
  fit: "M2.5 6V3.5a1 1 0 0 1 1-1H6M10 2.5h2.5a1 1 0 0 1 1 1V6M13.5 10v2.5a1 1 0 0 1-1 1H10M6 13.5H3.5a1 1 0 0 1-1-1V10M6.5 8h3M8 6.5v3",
  edit: "M10.8 2.7a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2l-7.6 7.6-3.2.7.7-3.2zM9.5 4l2.5 2.5",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  export: "M8 2v7.5M5 6.8l3 3 3-3M2.5 10.5v2a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-2",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.6v.2",
  list: "M6 4h7.5M6 8h7.5M6 12h7.5M2.5 4h.6M2.5 8h.6M2.5 12h.6",
  teach: "M1.5 6 8 3l6.5 3L8 9zM4.2 7.4v3.4c1 .9 2.3 1.4 3.8 1.4s2.8-.5 3.8-1.4V7.4M14.5 6v3.6",
  copy: "M6 6V3.5a1 1 0 0 1 1-1h5.5a1 1 0 0 1 1 1V9a1 1 0 0 1-1 1H10M3.5 6H9a1 1 0 0 1 1 1v5.5a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1",
  spark: "M8 1.8 9.4 6 13.7 7.5 9.4 9 8 13.3 6.6 9 2.3 7.5 6.6 6zM13 11.5v3M11.5 13h3",
};

export type IconName = keyof typeof PATHS;

/** A small line icon in the colour of the text around it. */
export function icon(name: IconName): SVGSVGElement {
  const path = svg("path", { d: PATHS[name] });
  return svg(
    "svg",
    { class: "dc-icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    path,
  );
}
