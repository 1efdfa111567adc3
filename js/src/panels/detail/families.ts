/** A row of pictures: an original with what was generated from it, or pictures that have none to stand behind. */
export interface Family {
  classId: number;
  /** The original; 0: the pictures come from prompts alone; -1: they are originals that nothing came from. */
  original: number;
  originalMarks: number;
  ids: Int32Array;
  marks: Uint8Array;
}

/** Bits of a picture's marks; from bit 2 on: how many generations it is from the first. */
export const HIDDEN = 1;
export const FLAGGED = 2;

/**
 * Reads the answer to `families`: rows of four int32 (original, class id, the original's marks, how many pictures),
 * the ids of the pictures of all rows (int32), and their marks (uint8).
 */
export function decodeFamilies([rows, members, marks]: DataView[]): Family[] {
  const count = rows ? rows.byteLength / 16 : 0;
  const ids = new Int32Array(members ? members.byteLength / 4 : 0);
  for (let i = 0; i < ids.length; i++) ids[i] = members.getInt32(4 * i, true);
  const bytes = new Uint8Array(ids.length);
  if (marks) bytes.set(new Uint8Array(marks.buffer, marks.byteOffset, ids.length));
  const families: Family[] = [];
  for (let row = 0, at = 0; row < count; row++) {
    const [original, classId, originalMarks, length] = [0, 4, 8, 12].map((o) =>
      rows.getInt32(16 * row + o, true),
    );
    const end = at + length;
    families.push({
      classId,
      original,
      originalMarks,
      ids: ids.subarray(at, end),
      marks: bytes.subarray(at, end),
    });
    at = end;
  }
  return families;
}
