type Child = Node | string | null | false | undefined;

type Style = Record<string, string>;
type Listeners = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

export interface Props {
  /** The name for a screen reader. */
  label?: string;
  style?: Style;
  on?: Listeners;
  /** Attributes; one that is null, undefined or false is left out. */
  [attribute: string]: string | number | boolean | null | undefined | Style | Listeners;
}

/** An element with its attributes and children. Strings become text, never markup; a button never submits. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { label, style = {}, on = {}, ...attributes }: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const all: Props = { type: tag === "button" ? "button" : null, "aria-label": label, ...attributes };
  for (const [name, value] of Object.entries(all)) {
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  for (const [name, listener] of Object.entries(on))
    element.addEventListener(name, listener as EventListener);
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}
