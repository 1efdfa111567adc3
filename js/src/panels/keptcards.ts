interface Kept {
  signature: string;
  element: HTMLElement;
  editing: boolean;
}

interface KeptCards {
  kept: Map<string, Kept>;
  card(key: string, row: unknown, make: (edit: (open: boolean) => void) => HTMLElement): HTMLElement;
}

/** Cards by key, each kept while its row stays the same, so that an open editor and loaded pictures are left alone. */
export function keptCards(): KeptCards {
  const kept: KeptCards["kept"] = new Map();
  const card: KeptCards["card"] = (key, row, make) => {
    const signature = JSON.stringify(row);
    const known = kept.get(key);
    if (known && (known.signature === signature || known.editing)) return known.element;
    const entry = { signature, element: document.createElement("div") as HTMLElement, editing: false };
    kept.set(key, entry);
    entry.element = make((open) => {
      entry.editing = open;
    });
    return entry.element;
  };
  return { kept, card };
}
