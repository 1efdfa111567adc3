import { lateBox } from "../latebox";
import type { ClassRow } from "../protocol";
import type { Scope } from "../scope";
import { button } from "./button";

/** The button "Teach this class …" and its box: the generator learns what the class, or one subject, looks like. */
export function teachBox(scope: Scope, row: ClassRow): { opener: HTMLButtonElement; box: HTMLElement } {
  const opener = button({
    action: "teach",
    label: `Teach this class: let the generator learn from pictures of ${row.name}`,
    icon: "teach",
  });
  opener.disabled = scope.connection.store.get("info").read_only || !(row.originals + row.generated);
  const box = lateBox(scope, opener, `Teach ${row.name}`, "prompts", (studio) =>
    studio.teach(scope, row, box),
  );
  return { opener, box };
}
