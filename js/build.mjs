// Bundles the front end into the Python package: one ES module and one style sheet, nothing fetched at run time.
import { build } from "esbuild";

const out = "../datacrafter_widget/widget/static";

await build({
  entryPoints: [
    { in: "src/widget.ts", out: "widget" },
    { in: "src/styles/widget.css", out: "widget" },
  ],
  outdir: out,
  absWorkingDir: import.meta.dirname,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});
