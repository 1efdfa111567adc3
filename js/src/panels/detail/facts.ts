import { h } from "../../dom";
import type { PictureRow } from "../../protocol";

/** A list of what is known of a picture; what is not known is left out. */
export function facts(row: PictureRow): HTMLElement {
  const made = (row.provenance ?? {}) as Record<string, unknown>;
  const varied = made.perturbation === "variation";
  const all: [name: string, value: unknown][] = [
    ["Not", made.negative_prompt],
    ["Template", made.template],
    [varied ? "Seed of the new noise" : "Seed", made.seed],
    [varied ? "Noise turned by" : "Strength", made.parent_id ? made.strength : null],
    ["Way", made.perturbation],
    ["Guidance", made.guidance_scale],
    ["Steps", made.num_inference_steps],
    ["Batch of", made.batch_size],
    ["Model", made.model],
    ["Revision", made.model_revision],
    ["Source", row.source],
    ["Size", row.width && `${row.width} × ${row.height}`],
    ["Round", row.iteration || null],
    ["Made", made.created_at ?? row.created_at],
    ["Content", row.sha256 && `sha256 ${row.sha256}`],
    ["Picture", row.id],
  ];
  const known = all.filter(([, value]) => value != null && value !== "");
  return h(
    "dl.dc-facts",
    ...known.flatMap(([name, value]) => [h("dt", name), h("dd", { dir: "auto" }, String(value))]),
  );
}
