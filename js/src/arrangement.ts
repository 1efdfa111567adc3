import type { PanelName } from "./protocol";

/** How a person laid out the panels. Of a trait, so that a reload, another view and a saved notebook have it too. */
export interface Arrangement {
  /** Shares by name of the splitter: of the widget's width, or of a column's height. What is absent is as usual. */
  sizes: Readonly<Record<string, number>>;
  collapsed: readonly PanelName[];
  maximised: PanelName | null;
}

const SPLITTER = /^(left|right|(left|centre|right)-rows(-2)?)$/;

/** An arrangement from whatever the trait holds; what makes no sense in it is passed over. */
export function arrangementOf(value: unknown): Arrangement {
  const { sizes, collapsed, maximised } = (value ?? {}) as Record<string, unknown>;
  const shares = Object.entries((sizes ?? {}) as Record<string, unknown>).filter(
    (entry): entry is [string, number] =>
      SPLITTER.test(entry[0]) && typeof entry[1] === "number" && entry[1] > 0 && entry[1] < 1,
  );
  const isPanel = (name: unknown): name is PanelName => typeof name === "string";
  return {
    sizes: Object.fromEntries(shares),
    collapsed: Array.isArray(collapsed) ? collapsed.filter(isPanel) : [],
    maximised: isPanel(maximised) ? maximised : null,
  };
}
