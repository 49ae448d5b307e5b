/** The floors of the house: imports go down only, and the model knows no page. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
const MAY_USE: Record<string, readonly string[]> = {
  i18n: [],
  model: ["i18n"],
  canvas: ["i18n", "model"],
  widgets: ["i18n", "model", "canvas"],
  input: ["i18n", "model", "canvas", "widgets"],
  net: ["i18n", "model"],
  shell: ["i18n", "model", "canvas", "widgets", "input", "net"],
  plugins: ["i18n", "model", "canvas", "widgets", "input", "net", "shell"],
  compat: ["i18n", "model", "canvas", "widgets", "input", "net", "shell", "plugins"],
};

const filesOf = (layer: string): string[] =>
  readdirSync(join(SRC, layer)).filter((name) => /\.tsx?$/.test(name)).map((name) => join(SRC, layer, name));

describe("layers", () => {
  it.each(Object.keys(MAY_USE))("%s imports only what lies below it", (layer) => {
    for (const file of filesOf(layer)) {
      for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from "(\.\.?\/[^"]+)"/g)) {
        const other = /^\.\.\/(\w+)(?:\/|$)/.exec(path)?.[1];
        if (other) expect([...(MAY_USE[layer] ?? []), layer], `${file} imports ${path}`).toContain(other);
      }
    }
  });

  it.each(["i18n", "model", "canvas", "widgets", "input", "net", "plugins", "compat"])("%s uses no framework", (layer) => {
    for (const file of filesOf(layer)) expect(readFileSync(file, "utf8"), file).not.toMatch(/from "(preact|@preact)/);
  });

  it("the model knows no page", () => {
    for (const file of filesOf("model")) {
      expect(readFileSync(file, "utf8"), file).not.toMatch(/\b(window|localStorage|HTMLElement|document\.)\b/);
    }
  });
});
