import { h } from "../dom";
import { isPending } from "../pending";
import type { GeneratorDefaults, PerturbationInfo } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { jobList } from "./jobs";
import { numberField } from "./numberfield";
import { previewStrip } from "./preview";

/** How many pictures, how, and the button that starts it; progress below. */
export function generateForm(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const perClass = numberField("Per class", "How many pictures to generate of each class", {
    name: "per_class",
    min: 1,
    value: 10,
    required: true,
  });
  const strength = numberField("Strength", "How far from its parent a picture may go", {
    name: "strength",
    min: 0.05,
    max: 1,
    step: "any",
  });
  const steps = numberField("Steps", "Denoising steps", { name: "num_inference_steps", min: 1 });
  const guidance = numberField("Guidance", "How closely the prompt is followed", {
    name: "guidance_scale",
    min: 0,
    step: "any",
  });
  const seed = numberField("Seed", "The same seed makes the same pictures", { name: "seed", min: 0 });
  const fields = [perClass, strength, steps, guidance, seed];
  const mode = h("select.dc-input", {
    name: "perturbation",
    label: "How the pictures are varied",
    on: { change: () => explain() },
  });
  const explanation = h("p.dc-note");
  let ways: PerturbationInfo[] = [];
  const way = () => ways.find(({ name }) => name === mode.value);
  const explain = () => {
    explanation.textContent = way()?.text ?? "";
    strength.element.hidden = !way()?.needs_originals;
  };

  const go = button({
    action: "generate",
    label: "Generate pictures in the background",
    icon: "spark",
    text: "Generate",
    kind: "primary",
    click: async () => {
      if (!fields.every(({ input }) => input.reportValidity())) return;
      notices.clear("generate");
      go.disabled = true;
      const { classes } = connection.ui;
      const args = {
        per_class: perClass.input.valueAsNumber,
        classes: classes.size ? [...classes] : null,
        seed: seed.value(),
        perturbation: mode.value,
        strength: way()?.needs_originals ? strength.value() : null,
        guidance_scale: guidance.value(),
        num_inference_steps: steps.value(),
      };
      await connection.act("generate", args, "generate");
      refresh();
    },
  });
  const resume = button({
    action: "resume",
    label: "Go on with what was cut off",
    text: "Resume",
    click: () => void connection.act("resume", {}, "generate"),
  });
  const scopeNote = h("p.dc-note");

  function refresh(): void {
    const info = connection.store.get("info");
    const jobs = connection.store.get("jobs");
    const busy = jobs.some((job) => job.kind === "generate" && isPending(job));
    go.disabled = busy || info.read_only || !info.classes.length;
    resume.hidden = busy || info.read_only || !info.resumable;
    const names = info.classes.filter(({ id }) => connection.ui.classes.has(id)).map(({ name }) => name);
    scopeNote.hidden = !names.length;
    scopeNote.textContent = `Only ${names.slice(0, 4).join(", ")}${names.length > 4 ? " …" : ""}`;
    const defaults = info.generator?.defaults;
    for (const { input } of [strength, guidance, steps]) {
      input.placeholder = String(defaults?.[input.name as keyof GeneratorDefaults] ?? "auto");
    }
    if (JSON.stringify(info.perturbations) === JSON.stringify(ways)) return;
    ways = info.perturbations;
    mode.replaceChildren(
      ...ways.map(({ name: value, title, text }) => h("option", { title: text, value }, title)),
    );
    explain();
  }
  connection.store.on("info", refresh, signal);
  connection.store.on("jobs", refresh, signal);
  connection.ui.on("classes", refresh, signal);
  refresh();

  return h(
    "div.dc-generate",
    h("div.dc-row", perClass.element, h("div.dc-go", go, resume)),
    scopeNote,
    h("div", mode, explanation),
    strength.element,
    h(
      "details.dc-more",
      h("summary", "Settings"),
      h("div.dc-settings", ...fields.slice(2).map(({ element }) => element)),
    ),
    notices.slot("generate"),
    jobList(scope),
    previewStrip(scope),
    notices.slot("jobs"),
  );
}
