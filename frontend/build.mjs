// Bundles src/ into the folder named on the command line: hashed files, and manifest.json that names them.
// Run by hatch_build.py, which sees to Node, the libraries and the swap into src/tunefolio/web/static/dist.
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { png } from "./png.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const libraries = join(here, "node_modules");
const dist = process.argv[2];

const sprite = await icons();
const result = await bundled({
  absWorkingDir: here,
  entryPoints: ["src/app.js", "src/app.css"],
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "fonts/[name]-[hash]",
  loader: { ".woff2": "file", ".svg": "file" },
  legalComments: "none", // the full texts are in LICENSES.txt
  logLevel: "warning",
});

// For the home screens of phones; manifest.webmanifest names them.
const mark = await readFile(join(here, "..", "src", "tunefolio", "web", "static", "favicon.svg"), "utf8");
for (const size of [192, 512]) await writeFile(join(dist, `icon-${size}.png`), png(mark, size));

await writeFile(join(dist, "LICENSES.txt"), await licences(Object.keys(result.metafile.inputs)));
await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest(result.metafile.outputs), null, 1)}\n`);

// esbuild has already said what is wrong, and where; a trace of this file would only bury it.
async function bundled(options) {
  try {
    return await esbuild.build(options);
  } catch (error) {
    if (!error.errors) throw error;
    process.exit(1);
  }
}

// One symbol per name in icons.json, drawn with <svg><use href="…/icons-HASH.svg#name">.
async function icons() {
  const names = JSON.parse(await readFile(join(here, "icons.json"), "utf8")).toSorted();
  const symbols = names.map(async (name) => {
    const svg = await readFile(join(libraries, "lucide-static", "icons", `${name}.svg`), "utf8").catch(() => {
      throw new Error(`icons.json names "${name}", which lucide does not have`);
    });
    const shape = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    const pen = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="${name}" viewBox="0 0 24 24" ${pen}>${shape.replace(/>\s+</g, "><").trim()}</symbol>`;
  });
  const text = `<svg xmlns="http://www.w3.org/2000/svg">${(await Promise.all(symbols)).join("\n")}</svg>\n`;
  const file = `icons-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.svg`;
  await writeFile(join(dist, file), text);
  return file;
}

// Logical name → built file: entries (app.js, app.css), lazy chunks (charts.js), fonts (by their own name), icons.svg.
function manifest(outputs) {
  const names = { "icons.svg": sprite };
  for (const path of Object.keys(outputs)) {
    const file = relative(dist, join(here, path));
    const name = basename(file).replace(/-[A-Z0-9]{8}(\.\w+)$/, "$1");
    if (!name.startsWith("chunk.")) names[name] = file;
  }
  return Object.fromEntries(Object.entries(names).sort());
}

// The licence of every library of which something was bundled, found from the bundle itself.
async function licences(inputs) {
  const bundled = new Set(["lucide-static", ...(await printed())]);
  for (const input of inputs) {
    const match = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (match) bundled.add(match[1]);
  }
  const parts = await Promise.all([...bundled].sort().map(licence));
  return `Libraries in this folder and their licences.\n\n${parts.join("\n")}`;
}

// The fonts that PDFs are set in: no page names them, hatch_build.py puts them into the folder.
async function printed() {
  const { devDependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  return Object.keys(devDependencies).filter((name) => name.startsWith("@fontsource/"));
}

async function licence(library) {
  const folder = join(libraries, library);
  const { version, license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice|copyright)/i.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  if (texts.length === 0) texts.push(await standardText(library, license, author));
  return `${"=".repeat(100)}\n${library} ${version} (${license})\n${"=".repeat(100)}\n\n${texts.join("\n").trim()}\n`;
}

// A library that names its licence without a text: the standard text stands in esbuild's own licence, which is MIT.
async function standardText(library, license, author) {
  if (license !== "MIT") throw new Error(`${library} (${license}) comes without its licence text`);
  const mit = await readFile(join(libraries, "esbuild", "LICENSE.md"), "utf8");
  return `Copyright (c) ${author?.name ?? author}\n\n${mit.slice(mit.indexOf("Permission is hereby granted"))}`;
}
