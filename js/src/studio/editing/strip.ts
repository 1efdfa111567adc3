import type { PictureEdit } from "../../protocol";
import { h, lateImage, roving } from "../kit";
import { stepName } from "./choice";
import { endsOf, trailThrough } from "./trails";

interface Options {
  rows: readonly PictureEdit[];
  picture: number;
  /** The step that is shown; null: the picture itself. */
  at: number | null;
  /** The picture itself, small. */
  origin: Promise<string | null>;
  candidate: (id: number) => Promise<string | null>;
  go: (step: number | null) => void;
}

/** The history of a picture: the steps of the trail that is shown, and the ends of its other branches. */
export function strip({ rows, picture, at, origin, candidate, go }: Options): HTMLElement {
  const trail = trailThrough(rows, picture, at);
  const step = (row: PictureEdit | null, name: string, image: Promise<string | null> | null) => {
    const here = (row?.id ?? null) === at;
    return h(
      "button.dc-step",
      {
        "data-step": row?.id ?? 0,
        "data-aside": row?.aside,
        "aria-current": here && "step",
        label: row?.aside ? `${name}, put aside` : name,
        title: name,
        on: { click: () => go(row?.id ?? null) },
      },
      image
        ? lateImage(image, { alt: "", draggable: "false" })
        : h("span", row?.state === "running" ? "…" : "?"),
    );
  };
  const steps = [
    step(null, `Picture ${picture}, as it was`, origin),
    ...trail.map((row) => step(row, stepName(row), row.chosen === null ? null : candidate(row.chosen))),
  ];
  const others = endsOf(rows, picture).filter((end) => !trail.includes(end));
  const branches = others.map((row) => {
    const name = `Branch: ${stepName(row)}`;
    return h(
      "button.dc-chip",
      { "data-branch": row.id, title: name, label: name, dir: "auto", on: { click: () => go(row.id) } },
      h("span", row.instruction),
    );
  });
  const line = h("div.dc-steps", { role: "group", label: "History" }, ...steps);
  roving(line, "button");
  return h(
    "div.dc-history",
    line,
    branches.length > 0 &&
      h(
        "div.dc-branches",
        { role: "group", label: "Other branches" },
        h("span.dc-note", "Also tried"),
        ...branches,
      ),
  );
}
