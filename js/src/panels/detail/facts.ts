import { h } from "../../dom";
import type { PictureRow } from "../../protocol";

/** A list of what is known of a picture; what is not known is left out. */
export function facts(row: PictureRow): HTMLElement {
  const made = (row.provenance ?? {}) as Record<string, unknown>;
  const varied = made.perturbation === "variation";
  const list = h("dl", { class: "dc-facts" });
  const add = (name: string, value: unknown) => {
    if (value === null || value === undefined || value === "") return;
    list.append(h("dt", {}, name), h("dd", { dir: "auto" }, String(value)));
  };
  add("Not", made.negative_prompt);
  add("Template", made.template);
  add(varied ? "Seed of the new noise" : "Seed", made.seed);
  add(varied ? "Noise turned by" : "Strength", made.parent_id ? made.strength : null);
  add("Way", made.perturbation);
  add("Guidance", made.guidance_scale);
  add("Steps", made.num_inference_steps);
  add("Batch of", made.batch_size);
  add("Model", made.model);
  add("Revision", made.model_revision);
  add("Source", row.source);
  add("Size", row.width && `${row.width} × ${row.height}`);
  add("Round", row.iteration || null);
  add("Made", made.created_at ?? row.created_at);
  add("Content", row.sha256 && `sha256 ${row.sha256}`);
  add("Picture", row.id);
  return list;
}
