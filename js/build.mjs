// Bundles the front end into the Python package: one ES module and one style sheet, nothing fetched at run time.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const out = "../datacrafter_widget/widget/static";

/** Shaders as text, without comments and indentation. */
const shaders = {
  name: "shaders",
  setup({ onLoad }) {
    onLoad({ filter: /\.glsl$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const lines = text.split("\n").map((line) => line.replace(/\/\/.*/, "").trim());
      const dense = lines.map((line) => (line[0] === "#" ? line : line.replace(/ ?([^\w ]) ?/g, "$1")));
      return { contents: dense.filter(Boolean).join("\n"), loader: "text" };
    });
  },
};

await build({
  entryPoints: [
    { in: "src/widget.ts", out: "widget" },
    { in: "src/styles/widget.css", out: "widget" },
  ],
  outdir: out,
  absWorkingDir: import.meta.dirname,
  plugins: [shaders],
  bundle: true,
  minify: true,
  // Names that no one outside the bundle knows.
  mangleProps: /^(connection|element|notices|thumbnails)$/,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});
