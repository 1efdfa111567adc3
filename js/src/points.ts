/** Columns of the pictures on the map, as they come over the wire. */
export interface PointBlock {
  seq: number;
  count: number;
  id: Int32Array;
  parent: Int32Array;
  x: Float32Array;
  y: Float32Array;
  classIndex: Uint16Array;
  iteration: Uint16Array;
  origin: Uint8Array;
  hidden: Uint8Array;
  flagged: Uint8Array;
}

export const MAGIC = 0x31504344; // "DCP1"
export const HEADER_BYTES = 16;
export const ROW_BYTES = 23;

/**
 * Reads a point block: four little-endian uint32 (magic, format, seq, count), then the columns
 * id, parent (int32), x, y (float32), class index, iteration (uint16), origin, hidden, flagged (uint8).
 */
export function decodePoints(view: DataView): PointBlock {
  if (view.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new Error(
      "points: not a point block; the page and the kernel run different versions, reload the page",
    );
  }
  const seq = view.getUint32(8, true);
  const count = view.getUint32(12, true);
  const expected = HEADER_BYTES + count * ROW_BYTES;
  if (view.byteLength !== expected) {
    throw new Error(`points: expected ${expected} bytes for ${count} rows, found ${view.byteLength}`);
  }
  // A view may start anywhere in its buffer; typed arrays need their own alignment.
  const aligned = view.byteOffset % 4 === 0;
  const buffer = aligned
    ? view.buffer
    : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  let at = (aligned ? view.byteOffset : 0) + HEADER_BYTES;
  const column = <T>(make: (buffer: ArrayBufferLike, at: number, count: number) => T, bytes: number): T => {
    const array = make(buffer, at, count);
    at += bytes * count;
    return array;
  };
  return {
    seq,
    count,
    id: column((b, o, n) => new Int32Array(b, o, n), 4),
    parent: column((b, o, n) => new Int32Array(b, o, n), 4),
    x: column((b, o, n) => new Float32Array(b, o, n), 4),
    y: column((b, o, n) => new Float32Array(b, o, n), 4),
    classIndex: column((b, o, n) => new Uint16Array(b, o, n), 2),
    iteration: column((b, o, n) => new Uint16Array(b, o, n), 2),
    origin: column((b, o, n) => new Uint8Array(b, o, n), 1),
    hidden: column((b, o, n) => new Uint8Array(b, o, n), 1),
    flagged: column((b, o, n) => new Uint8Array(b, o, n), 1),
  };
}
