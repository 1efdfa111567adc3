/** Columns of the pictures on the map, as they come over the wire. */
export interface PointBlock {
  seq: number;
  count: number;
  /** First id and length of each run of pictures whose ids follow each other, one after the other. */
  runs: Int32Array;
  x: Float32Array;
  y: Float32Array;
  classIndex: Uint16Array;
  /** 13 bits of iteration, then a bit each for generated, hidden, flagged. */
  state: Uint16Array;
}

export const MAGIC = 0x32504344; // "DCP2"
export const HEADER_BYTES = 16;

/**
 * Reads a point block, all little-endian: four uint32 (magic, seq, rows, runs), the runs (int32 pairs), then the columns
 * x, y (float32), class index, state (uint16).
 */
export function decodePoints(view: DataView): PointBlock {
  if (view.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new Error(
      "points: not a point block; the page and the kernel run different versions, reload the page",
    );
  }
  const [seq, count, runs] = [4, 8, 12].map((at) => view.getUint32(at, true));
  const expected = HEADER_BYTES + runs * 8 + count * 12;
  if (view.byteLength !== expected) {
    throw new Error(`points: expected ${expected} bytes for ${count} rows, found ${view.byteLength}`);
  }
  // A view may start anywhere in its buffer; typed arrays need their own alignment.
  const aligned = view.byteOffset % 4 === 0;
  const buffer = aligned
    ? view.buffer
    : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const start = (aligned ? view.byteOffset : 0) + HEADER_BYTES;
  const places = start + runs * 8;
  return {
    seq,
    count,
    runs: new Int32Array(buffer, start, runs * 2),
    x: new Float32Array(buffer, places, count),
    y: new Float32Array(buffer, places + count * 4, count),
    classIndex: new Uint16Array(buffer, places + count * 8, count),
    state: new Uint16Array(buffer, places + count * 10, count),
  };
}
