import { h, type Props } from "./dom";

/** A picture that is on its way: a placeholder until it is there, and no source where there is none. */
export function lateImage(url: Promise<string | null>, props: Props): HTMLImageElement {
  const image = h("img.dc-loading", { ...props });
  void url.then((found) => {
    image.classList.remove("dc-loading");
    if (found) image.src = found;
  });
  return image;
}
