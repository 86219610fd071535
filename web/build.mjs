// Bundles src/ into ../src/isthmus/apps/explorer/static; --same compares instead of writing, --test bundles the tests.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../src/isthmus/apps/explorer/static");
const common = { bundle: true, absWorkingDir: here, target: "es2022", logLevel: "warning", metafile: true };

const about = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8"));

/** The licence of every package that went into the bundle, and of what those packages bundle themselves. */
function notices(inputs) {
  const names = new Set();
  const add = (name) => {
    if (names.has(name)) return;
    names.add(name);
    Object.keys(about(name).dependencies ?? {}).forEach(add);
  };
  for (const path of Object.keys(inputs)) {
    const found = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) add(found[1]);
  }
  return [...names].sort().map((name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = about(name);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${license}`;
    return `${name} ${version} (${license})\n\n${text}`;
  });
}

async function page() {
  const options = { ...common, entryPoints: { explorer: "src/main.tsx" }, outdir: target, minify: true, write: false };
  const made = await build({ ...options, legalComments: "none", charset: "utf8" });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  const notice =
    ["The page of isthmus explore contains these packages.", ...notices(made.metafile.inputs)].join(rule) + "\n";
  const files = { "NOTICE.txt": notice, "index.html": readFileSync(join(here, "src/index.html"), "utf8") };
  for (const { path, text } of made.outputFiles) {
    const script = path.endsWith(".js");
    files[path.slice(target.length + 1)] = script ? `/*\n${notice.replaceAll("*/", "* /")}*/\n${text}` : text;
  }
  return files;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

if (process.argv.includes("--test")) {
  const tests = readdirSync(join(here, "test")).map((each) => `test/${each}`);
  const options = { ...common, entryPoints: tests, outdir: "node_modules/.test", platform: "node", format: "esm" };
  await build({ ...options, outExtension: { ".js": ".mjs" } });
} else {
  const files = await page();
  const differ = Object.keys(files).filter((name) => read(join(target, name)) !== files[name]);
  if (process.argv.includes("--same")) {
    if (differ.length) console.error(`not what web/ builds: ${differ.join(", ")}; run npm run build in web/`);
    process.exitCode = differ.length ? 1 : 0;
  } else {
    mkdirSync(target, { recursive: true });
    for (const name of differ) writeFileSync(join(target, name), files[name]);
    for (const [name, text] of Object.entries(files)) console.log(`${name} ${Math.round(text.length / 1024)} KB`);
  }
}
