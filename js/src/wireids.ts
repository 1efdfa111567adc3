/** Ids as they are in a trait: int32 in bytes, or a list. */
export function readIds(value: DataView | ArrayBuffer | readonly number[] | null | undefined): number[] {
  if (!value) return [];
  if (Array.isArray(value)) return value;
  const view = value instanceof ArrayBuffer ? new DataView(value) : (value as DataView);
  // A view may start anywhere in its buffer; Int32Array needs its own alignment.
  return [...new Int32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))];
}

export function writeIds(ids: Iterable<number>): DataView {
  return new DataView(Int32Array.from(ids).buffer);
}
