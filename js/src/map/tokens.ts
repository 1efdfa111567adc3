import { cssToHex } from "../csscolour";

/** Reads colour tokens of the style sheet as "#rrggbb", which canvases and WebGL understand. */
export function tokenReader(root: HTMLElement): (name: string) => string {
  return (name) => {
    // Only a property that is a colour is resolved: a custom property comes back as it was written.
    const before = root.style.color;
    root.style.color = `var(${name})`;
    const resolved = getComputedStyle(root).color;
    root.style.color = before;
    return cssToHex(resolved);
  };
}
