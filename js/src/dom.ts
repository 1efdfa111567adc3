type Tag = keyof HTMLElementTagNameMap;
type TagOf<S> = S extends Tag ? S : S extends `${infer T extends Tag}.${string}` ? T : never;
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

/**
 * An element of a tag and its classes, as in "div.dc-row", with attributes and children, where it has any. Strings become
 * text, never markup; a button never submits.
 */
export function h<S extends Tag | `${Tag}.${string}`>(
  selector: S,
  props?: Props | Child,
  ...children: Child[]
): HTMLElementTagNameMap[TagOf<S>] {
  if (!props || typeof props === "string" || props instanceof Node)
    return h(selector, {}, props, ...children);
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag) as HTMLElementTagNameMap[TagOf<S>];
  const { label, style = {}, on = {}, ...attributes } = props;
  const usual = {
    class: classes.join(" ") || null,
    type: tag === "button" ? tag : null,
    "aria-label": label,
  };
  for (const [name, value] of Object.entries<Props[string]>({ ...usual, ...attributes })) {
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  for (const [name, listener] of Object.entries(on))
    element.addEventListener(name, listener as EventListener);
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}
