/**
 * Keeps `data-theme` ("light" or "dark") and `data-host` (whether Jupyter's colours are used) on the root in step
 * with the wish, the notebook's theme and the system's.
 */
export function followTheme(
  root: HTMLElement,
  wish: () => "auto" | "light" | "dark",
  onChange: () => void,
  signal: AbortSignal,
): () => void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const host = hostTheme();
    const wanted = wish();
    const theme = wanted === "auto" ? (host ?? (system.matches ? "dark" : "light")) : wanted;
    root.dataset.theme = theme;
    root.dataset.host = String(host === theme);
    onChange();
  };
  const observer = new MutationObserver(update);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "data-jp-theme-name", "data-vscode-theme-kind"],
  });
  system.addEventListener("change", update, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  update();
  return update;
}

function hostTheme(): "light" | "dark" | null {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind !== undefined) return vscodeThemeKind.includes("dark") ? "dark" : "light";
  return null;
}
