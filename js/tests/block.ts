import { HEADER_BYTES, MAGIC } from "../src/points";

export interface Row {
  id: number;
  x?: number;
  y?: number;
  classIndex?: number;
  origin?: number;
  iteration?: number;
  hidden?: number;
  flagged?: number;
}

/** A point block as Python writes it, `offset` bytes into its buffer. */
export function block(rows: Row[], { seq = 0, offset = 0 } = {}): DataView {
  const runs: [number, number][] = [];
  rows.forEach(({ id }, i) => {
    if (i && id === rows[i - 1].id + 1) runs[runs.length - 1][1]++;
    else runs.push([id, 1]);
  });
  const bytes = HEADER_BYTES + runs.length * 8 + rows.length * 12;
  const view = new DataView(new ArrayBuffer(offset + bytes + 3), offset, bytes);
  const words = [MAGIC, seq, rows.length, runs.length, ...runs.flat()];
  words.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  let at = words.length * 4;
  const put = (bytes: number, write: (at: number, row: Row) => void) => {
    for (const row of rows) {
      write(at, row);
      at += bytes;
    }
  };
  const bit = (flag: number | undefined, place: number) => (flag ? 1 << place : 0);
  put(4, (o, row) => view.setFloat32(o, row.x ?? 0, true));
  put(4, (o, row) => view.setFloat32(o, row.y ?? 0, true));
  put(2, (o, row) => view.setUint16(o, row.classIndex ?? 0, true));
  put(2, (o, row) => {
    const flags = bit(row.origin, 13) | bit(row.hidden, 14) | bit(row.flagged, 15);
    view.setUint16(o, (row.iteration ?? 0) | flags, true);
  });
  return view;
}
