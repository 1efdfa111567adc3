import type { PictureRow } from "../../protocol";
import type { Scope } from "../../scope";
import { compareBox } from "./comparebox";

const SIZE = 512;

/** Compares two pictures, or one with the picture that it was generated from. */
export async function comparePictures(scope: Scope, first: number, second?: number): Promise<void> {
  const { connection } = scope;
  const { ui, thumbnails } = connection;
  let pair = [first, second];
  if (second === undefined) {
    const reply = await connection.act("picture", { picture: first }, "detail");
    if (!reply) return;
    const made = (reply.result as PictureRow).provenance as { parent_id?: number | null } | null;
    pair = [made?.parent_id ?? undefined, first];
  }
  const [before, after] = pair;
  if (before === undefined || after === undefined) {
    const message = `Picture ${first} was not generated from another one. Select two pictures to compare them.`;
    return ui.emit("notice", { where: "detail", kind: "done", message });
  }
  const side = (id: number, when: string) => ({
    title: second ? `Picture ${id}` : `${when}: picture ${id}`,
    image: thumbnails.picture(id, SIZE),
  });
  compareBox(scope, [[side(before, "Before"), side(after, "After")]]);
}
