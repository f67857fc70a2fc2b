// Draws every formula of the report as SVG and writes formulas.json beside this file.
//
// A maintainers' tool, run by `make formulas` in a copy of this folder under build/: npm install, then
// PYTHON=<interpreter with reportgen> node render.mjs. Making a report does not run it.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import MathJax from "@mathjax/src";

const WIDEST = 64; // in ex: the width that fits beside an equation number in the text column

const here = dirname(fileURLToPath(import.meta.url));
const collect = [
  "import dataclasses, json, sys",
  "from reportgen.report.text.formulas import sources",
  "json.dump([{**dataclasses.asdict(f), 'key': f.key} for f in sources()], sys.stdout)",
].join("\n");
const sources = JSON.parse(
  execFileSync(process.env.PYTHON ?? "python3", ["-c", collect], { encoding: "utf8", cwd: join(here, "..", "..") }),
);

await MathJax.init({
  loader: { load: ["input/tex", "output/svg"], versionWarnings: false },
  startup: { typeset: false },
  tex: { packages: { "[+]": ["ams"] }, formatError: (_, error) => { throw new Error(error.message); } },
  output: { font: "mathjax-stix2", displayOverflow: "overflow", linebreaks: { inline: false } },
  svg: { fontCache: "none" },
});

async function draw(latex, display) {
  const node = await MathJax.tex2svgPromise(latex, { display });
  const html = MathJax.startup.adaptor.outerHTML(node);
  if (/data-mml-node="merror"|<text/.test(html)) throw new Error(`cannot draw ${latex}: ${html}`);
  const svg = html.slice(html.indexOf("<svg"), html.lastIndexOf("</svg>") + 6);
  const ex = (name) => Number(new RegExp(`<svg[^>]* ${name}="([\\d.]+)ex"`).exec(svg)[1]);
  const depth = -Number(/vertical-align: (-?[\d.]+)(?:ex)?/.exec(svg)?.[1] ?? 0) || 0;
  const box = /viewBox="([^"]+)"/.exec(svg)[1];
  const body = svg
    .slice(svg.indexOf(">") + 1, -6)
    .replace(/ (data-[\w-]+|stroke-width|stroke)="[^"]*"/g, "")
    .replace(/<g>(<path[^>]*><\/path>|<rect[^>]*><\/rect>)<\/g>/g, "$1")
    .replace(/><\/(path|rect)>/g, "/>");
  return {
    svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}">${body}</svg>`,
    width: ex("width"),
    height: ex("height"),
    depth,
  };
}

const drawings = {};
for (const { key, latex, display, spoken } of sources) {
  let drawing = await draw(latex, display);
  if (display && drawing.width > WIDEST) {
    // Too wide for one line: a definition after \qquad gets its own line.
    const lines = latex.split(/\\qquad/).map((line) => `& ${line.trim()}`);
    drawing = await draw(`\\begin{aligned} ${lines.join(" \\\\[0.6ex] ")} \\end{aligned}`, true);
  }
  if (drawing.width > WIDEST) process.stderr.write(`${drawing.width} ex wide: ${latex}\n`);
  drawings[key] = { ...drawing, spoken };
}
writeFileSync(join(here, "formulas.json"), `${JSON.stringify(drawings, null, 1)}\n`);
process.stderr.write(`${Object.keys(drawings).length} formulas drawn\n`);
process.exit(0);
