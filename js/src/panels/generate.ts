import { h } from "../dom";
import { isPending } from "../pending";
import type { Info, PerturbationInfo } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";
import { ABOUT_PROMPTS, jobList } from "./jobs";
import { previewStrip } from "./preview";

/** How many pictures, how, and the button that starts it; progress below. */
export function generateForm(scope: Scope): HTMLElement {
  const { connection, signal, notices } = scope;
  const perClass = number({ name: "per_class", label: "Pictures per class", min: 1, step: 1, value: "10" });
  const strength = number({ name: "strength", label: "Strength", min: 0.05, max: 1, step: 0.05 });
  const guidance = number({ name: "guidance_scale", label: "Guidance", min: 0, step: 0.5 });
  const steps = number({ name: "num_inference_steps", label: "Steps", min: 1, step: 1 });
  const seed = number({ name: "seed", label: "Seed", min: 0, step: 1, placeholder: "auto" });
  const strengthField = field("Strength", strength, "How far from its parent a picture may go");
  const mode = h("select", {
    class: "dc-input",
    attrs: { name: "perturbation", "aria-label": "How the pictures are varied" },
    on: { change: () => explain() },
  });
  const explanation = h("p", { class: "dc-note" });
  let ways: PerturbationInfo[] = [];
  const way = () => ways.find(({ name }) => name === mode.value);
  const explain = () => {
    explanation.textContent = way()?.text ?? "";
    strengthField.hidden = !way()?.needs_originals;
  };

  const start = () => {
    notices.clear("generate");
    go.disabled = true;
    const { classes } = connection.ui;
    void connection
      .act(
        "generate",
        {
          per_class: perClass.valueAsNumber,
          classes: classes.size ? [...classes] : null,
          seed: given(seed),
          perturbation: mode.value,
          strength: way()?.needs_originals ? given(strength) : null,
          guidance_scale: given(guidance),
          num_inference_steps: given(steps),
        },
        "generate",
      )
      .finally(refresh);
  };
  const go = button({
    action: "generate",
    label: "Generate pictures in the background",
    icon: "spark",
    text: "Generate",
    kind: "primary",
    click: () => {
      const wrong = [perClass, strength, guidance, steps, seed].find((input) => !input.checkValidity());
      if (wrong) wrong.reportValidity();
      else start();
    },
  });
  const resume = button({
    action: "resume",
    label: "Go on with what was cut off",
    text: "Resume",
    click: () => void connection.act("resume", {}, "generate"),
  });
  const scopeNote = h("p", { class: "dc-note" });

  function refresh(): void {
    const info = connection.store.get("info");
    const jobs = connection.store.get("jobs");
    const busy = jobs.some((job) => job.kind === "generate" && isPending(job));
    go.disabled = busy || info.read_only || !info.classes.length;
    resume.hidden = busy || info.read_only || !info.resumable;
    const { classes } = connection.ui;
    const names = info.classes.filter((row) => classes.has(row.id)).map((row) => row.name);
    scopeNote.hidden = !names.length;
    scopeNote.textContent = names.length
      ? `Only ${names.slice(0, 4).join(", ")}${names.length > 4 ? " …" : ""}`
      : "";
    showDefaults(info);
    if (JSON.stringify(info.perturbations) !== JSON.stringify(ways)) showWays(info.perturbations);
  }
  function showWays(now: PerturbationInfo[]): void {
    ways = now;
    mode.replaceChildren(
      ...ways.map(({ name, title, text }) => h("option", { title: text, attrs: { value: name } }, title)),
    );
    explain();
  }
  function showDefaults({ generator }: Info): void {
    const defaults = generator?.defaults;
    strength.placeholder = defaults ? String(defaults.strength) : "auto";
    guidance.placeholder = defaults ? String(defaults.guidance_scale) : "auto";
    steps.placeholder = defaults ? String(defaults.num_inference_steps) : "auto";
  }
  connection.store.on("info", refresh, signal);
  connection.store.on("jobs", refresh, signal);
  connection.ui.on("classes", refresh, signal);
  refresh();

  return h(
    "div",
    { class: "dc-generate" },
    h(
      "div",
      { class: "dc-row" },
      field("Per class", perClass, "How many pictures to generate of each class"),
      h("div", { class: "dc-go" }, go, resume),
    ),
    scopeNote,
    h("div", {}, mode, explanation),
    strengthField,
    h(
      "details",
      { class: "dc-more" },
      h("summary", {}, "Settings"),
      h(
        "div",
        { class: "dc-settings" },
        field("Steps", steps, "Denoising steps"),
        field("Guidance", guidance, "How closely the prompt is followed"),
        field("Seed", seed, "The same seed makes the same pictures"),
      ),
    ),
    notices.slot("generate"),
    jobList(scope, (job) => !ABOUT_PROMPTS.has(job.kind)),
    previewStrip(scope),
    notices.slot("jobs"),
  );
}

function given(input: HTMLInputElement): number | null {
  return input.value === "" ? null : input.valueAsNumber;
}

interface NumberOptions {
  name: string;
  label: string;
  min: number;
  max?: number;
  step: number;
  value?: string;
  placeholder?: string;
}

function number({ name, label, ...attrs }: NumberOptions): HTMLInputElement {
  const any = attrs.step < 1 ? "any" : attrs.step;
  return h("input", {
    class: "dc-input",
    attrs: { type: "number", name, "aria-label": label, required: name === "per_class", ...attrs, step: any },
  });
}

function field(name: string, input: HTMLElement, hint = ""): HTMLElement {
  return h("label", { class: "dc-field", title: hint }, h("span", {}, name), input);
}
