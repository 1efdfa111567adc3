/** Makes the controls of a group one Tab stop in which arrows, Home and End move; call the result when they changed. */
export function roving(group: HTMLElement, selector: string): () => void {
  const items = () => [...group.querySelectorAll<HTMLElement>(selector)];
  const choose = (chosen: HTMLElement | undefined) => {
    for (const each of items()) each.tabIndex = each === chosen ? 0 : -1;
  };
  const here = (target: EventTarget | null) => items().find((each) => each === target);
  group.addEventListener("focusin", ({ target }) => here(target) && choose(here(target)));
  group.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(here(event.target) as HTMLElement);
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: -1,
    }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    all.at(to % all.length)?.focus();
  });
  const refresh = () => choose(items().find((each) => each.tabIndex === 0) ?? items()[0]);
  choose(items()[0]);
  return refresh;
}
