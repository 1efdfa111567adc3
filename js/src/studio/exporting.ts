import type { Scope } from "../scope";
import { button, h } from "./kit";

const FORMATS: Record<string, [title: string, hint: string]> = {
  imagefolder: [
    "ImageFolder",
    "A folder a class and metadata.jsonl, as torchvision and Hugging Face read it",
  ],
  coco: ["COCO", "Pictures and one JSON file, with boxes where there are any"],
  yolo: ["YOLO", "Pictures, a text file of boxes each, and data.yaml"],
  webdataset: ["WebDataset", "Tar files to stream from"],
  parquet: ["Parquet", "Tables that hold the pictures too, for Hugging Face datasets"],
  csv: ["CSV", "Pictures and a table of what is known of them"],
};

/** What is in the box "Export": in which format, to which folder. */
export function exporting(
  { connection, signal, notices }: Scope,
  box: HTMLElement,
  setBusy: (busy: boolean) => void,
): HTMLElement[] {
  const { store, ui } = connection;
  const format = h("select.dc-input", {
    name: "format",
    label: "Format",
    "data-first": true,
    on: { change: () => explain() },
  });
  const hint = h("p.dc-note");
  const path = h("input.dc-input", {
    name: "path",
    label: "Folder to export to",
    value: `${store.get("info").name || "session"}-dataset`,
    spellcheck: "false",
  });
  const overwrite = h("input", { type: "checkbox", name: "overwrite" });
  const write = button({
    action: "export",
    label: "Write originals and generated pictures, less those removed or flagged, to this folder",
    text: "Export",
    kind: "primary",
    click: async () => {
      box.hidePopover();
      notices.clear("export");
      setBusy(true);
      const args = { path: path.value.trim(), format: format.value, overwrite: overwrite.checked };
      const reply = await connection.act("export", args, "export");
      setBusy(false);
      if (!reply) return;
      const { total, path: written } = reply.result as { total: number; path: string };
      ui.emit("notice", { where: "export", kind: "done", message: `${total} pictures in ${written}` });
    },
  });
  const explain = () => {
    hint.textContent = FORMATS[format.value]?.[1] ?? "";
  };
  let known = "";
  const refresh = () => {
    const { export_formats } = store.get("info");
    if (export_formats.join() === known) return;
    known = export_formats.join();
    format.replaceChildren(
      ...export_formats.map((value) => h("option", { value }, FORMATS[value]?.[0] ?? value)),
    );
    explain();
  };
  store.on("info", refresh, signal);
  refresh();
  return [
    h("b", "Export the data set"),
    h("div", h("label.dc-field", h("span", "Format"), format), hint),
    h("label.dc-field", h("span", "Folder"), path),
    h("label.dc-check", overwrite, "Replace an earlier export"),
    h("div.dc-actions", write),
  ];
}
