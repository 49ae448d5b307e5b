/** `npm run i18n`: what the catalogues lack. Also read by the test that keeps them complete. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bare } from "./i18n-bare.mjs";

const SRC = fileURLToPath(new URL("src", import.meta.url));
const TEXT = String.raw`("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`;
const CALL = new RegExp(String.raw`(?<![\w.$])t\(\s*${TEXT}`, "g");
const TITLE = /\btitle: (?:[^"\n?`]*\? )?"([A-Z][^"]*)"(?: : "([^"]*)")?/g;

let texts = null;
/** All sources, read once. */
const sources = () =>
  (texts ??= readdirSync(SRC, { recursive: true })
    .map(String)
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("i18n"))
    .map((path) => readFileSync(join(SRC, path), "utf8")));

/** The keys of a catalogue, over all of its files: `de.ts`, `de-rooms.ts`. */
export const keys = (file) =>
  readdirSync(join(SRC, "i18n"))
    .filter((name) => name.startsWith(`${file}.`) || name.startsWith(`${file}-`))
    .flatMap((name) => [...readFileSync(join(SRC, "i18n", name), "utf8").matchAll(new RegExp(`^  ${TEXT}:`, "gm"))])
    .map(([, key]) => read(key));

/** The value of a quoted literal. */
const read = (literal) => literal.slice(1, -1).replace(/\\(.)/g, "$1");

/** Every string that is translated: the arguments of `t`, and titles of commands and menu lines. */
export function used() {
  const found = { called: new Set(), titles: new Set() };
  for (const text of sources()) {
    for (const [, literal] of text.matchAll(CALL)) found.called.add(read(literal));
    for (const [, ...titles] of text.matchAll(TITLE)) for (const title of titles) if (title) found.titles.add(title);
  }
  return found;
}

let joined = null;
/** Whether a text stands anywhere in the sources: quoted, or as a key of a table. */
export function stands(key) {
  const all = (joined ??= sources().join("\n"));
  return [JSON.stringify(key), `'${key}'`].some((text) => all.includes(text)) || new RegExp(`^ +${key}: `, "m").test(all);
}

/** What a catalogue lacks, called and as a title. */
export function missing(file) {
  const has = new Set(keys(file));
  const { called, titles } = used();
  return { called: [...called].filter((key) => !has.has(key)), titles: [...titles].filter((key) => !has.has(key)) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(bare(new Set(keys("de"))).map((line) => `bypasses t(): ${line}\n`).join(""));
  for (const file of ["de", "zh"]) {
    const { called, titles } = missing(file);
    const lines = [...new Set([...called, ...titles])].map((key) => `  ${JSON.stringify(key)}: "",`);
    process.stdout.write(`src/i18n/${file}.ts lacks ${lines.length}\n${lines.join("\n")}\n`);
  }
}
