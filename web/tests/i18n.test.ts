/** Every text of the page is in every catalogue, with its values, and nothing else is. */
import { afterEach, describe, expect, it } from "vitest";
import { keys, missing, stands, used } from "../i18n.mjs";
import { bare } from "../i18n-bare.mjs";
import { type Catalogue, preferred, speak, t } from "../src/i18n";
import { DE } from "../src/i18n/de";
import { ZH } from "../src/i18n/zh";

const CATALOGUES: [string, Catalogue][] = [["de", DE], ["zh", ZH]];
const slots = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(CATALOGUES)("%s", (file, catalogue) => {
  it("lacks no text (npm run i18n lists what to add)", () => {
    expect(used().called.size).toBeGreaterThan(100);
    expect(missing(file)).toEqual({ called: [], titles: [] });
  });

  it("holds nothing that no source says, and nothing twice", () => {
    expect(Object.keys(catalogue).filter((key) => !stands(key))).toEqual([]);
    expect(keys(file)).toHaveLength(Object.keys(catalogue).length);
  });

  it.each(Object.entries(catalogue))("%s keeps its values", (key, text) => {
    expect(text.trim()).not.toBe("");
    expect(slots(text)).toEqual(slots(key));
  });
});

it("no text that people read bypasses t, nor stands in a table that no catalogue has", () => {
  expect(bare(new Set(keys("de")))).toEqual([]);
});

describe("t", () => {
  afterEach(() => speak("en"));

  it("speaks the chosen language, and English for what is not known", async () => {
    await speak("de");
    expect(t("{n} nodes", { n: 3 })).toBe("3 Knoten");
    expect(t("No such text {x}", { x: "{n}" })).toBe("No such text {n}");
  });

  it("takes the first of the browser's languages that there is", () => {
    expect(preferred(["fr-FR", "zh-CN", "de"])).toBe("zh");
    expect(preferred(["fr"])).toBe("en");
  });
});
