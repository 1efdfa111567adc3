// Bundles the front end into the Python package: one ES module and one style sheet, and one more module that the page
// asks the kernel for once it is wanted. Nothing else is fetched at run time.
import { readFile } from "node:fs/promises";
import { build, transform } from "esbuild";

const out = "../datacrafter_widget/widget/static";

const inside = { connection: "$c", element: "$e", notices: "$n", thumbnails: "$t" };

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

/** The studio's style sheet as text: it comes with its script, once that is wanted. */
const sheet = {
  name: "sheet",
  setup({ onLoad }) {
    onLoad({ filter: /studio\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

await build({
  entryPoints: [
    { in: "src/widget.ts", out: "widget" },
    { in: "src/styles/widget.css", out: "widget" },
    { in: "src/studio.ts", out: "studio" },
  ],
  outdir: out,
  absWorkingDir: import.meta.dirname,
  plugins: [shaders, sheet],
  bundle: true,
  minify: true,
  // Names that no one outside the bundles knows; the same in both.
  mangleProps: new RegExp(`^(${Object.keys(inside).join("|")})$`),
  mangleCache: inside,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});
