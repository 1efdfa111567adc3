import { HEADER_BYTES, MAGIC, ROW_BYTES } from "../src/points";

export interface Row {
  id: number;
  x?: number;
  y?: number;
  classIndex?: number;
  origin?: number;
  iteration?: number;
  hidden?: number;
  flagged?: number;
  parent?: number;
}

/** A point block as Python writes it, `offset` bytes into its buffer. */
export function block(rows: Row[], { seq = 0, offset = 0 } = {}): DataView {
  const bytes = HEADER_BYTES + rows.length * ROW_BYTES;
  const view = new DataView(new ArrayBuffer(offset + bytes + 3), offset, bytes);
  [MAGIC, 1, seq, rows.length].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  let at = HEADER_BYTES;
  const put = (bytes: number, write: (at: number, row: Row) => void) => {
    for (const row of rows) {
      write(at, row);
      at += bytes;
    }
  };
  put(4, (o, row) => view.setInt32(o, row.id, true));
  put(4, (o, row) => view.setInt32(o, row.parent ?? 0, true));
  put(4, (o, row) => view.setFloat32(o, row.x ?? 0, true));
  put(4, (o, row) => view.setFloat32(o, row.y ?? 0, true));
  put(2, (o, row) => view.setUint16(o, row.classIndex ?? 0, true));
  put(2, (o, row) => view.setUint16(o, row.iteration ?? 0, true));
  put(1, (o, row) => view.setUint8(o, row.origin ?? 0));
  put(1, (o, row) => view.setUint8(o, row.hidden ?? 0));
  put(1, (o, row) => view.setUint8(o, row.flagged ?? 0));
  return view;
}
