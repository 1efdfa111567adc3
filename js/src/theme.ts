/**
 * Keeps `data-theme` ("light" or "dark"), `data-host` (whether Jupyter's colours are used) and `data-contrast` ("more" or
 * "usual") on the root in step with the wish, the notebook's theme and the system's.
 */
export function followTheme(
  root: HTMLElement,
  wish: () => "auto" | "light" | "dark",
  onChange: () => void,
  signal: AbortSignal,
): () => void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const forced = window.matchMedia("(forced-colors: active)");
  const contrast = window.matchMedia("(prefers-contrast: more)");
  const update = () => {
    const host = hostTheme();
    const wanted = wish();
    const system = dark.matches ? "dark" : "light";
    const theme = forced.matches ? system : wanted === "auto" ? (host ?? system) : wanted;
    const more = forced.matches || contrast.matches || hostContrast();
    root.dataset.theme = theme;
    root.dataset.host = String(host === theme && !forced.matches);
    root.dataset.contrast = more ? "more" : "usual";
    onChange();
  };
  const observer = new MutationObserver(update);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: [
      "class",
      "data-theme",
      "data-jp-theme-light",
      "data-jp-theme-name",
      "data-vscode-theme-kind",
    ],
  });
  for (const query of [dark, forced, contrast]) query.addEventListener("change", update, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  update();
  return update;
}

/** As Jupyter, VS Code (whose high contrast is dark unless it says otherwise) and marimo say it. */
function hostTheme(): "light" | "dark" | null {
  const { jpThemeLight, vscodeThemeKind, theme } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind !== undefined) return vscodeThemeKind.endsWith("light") ? "light" : "dark";
  return theme === "light" || theme === "dark" ? theme : null;
}

function hostContrast(): boolean {
  const { jpThemeName, vscodeThemeKind } = document.body.dataset;
  return /contrast/i.test(`${jpThemeName} ${vscodeThemeKind}`);
}
