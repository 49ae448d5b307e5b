/**
 * The words of the page, in the user's language; the lowest floor, which imports nothing.
 *
 * The English text is the key: write `t("Save as…")`, or with values `t("{n} nodes", { n })`.
 * Then add the key to `de.ts` and `zh.ts`, or to a part of them such as `de-rooms.ts` (`npm run
 * i18n` lists what is missing; a test keeps both complete). Give `t` a plain literal, or the tools
 * cannot find it. Titles of commands and menu lines stay plain English in their tables and are
 * translated where they are shown.
 *
 * Invariant: without a catalogue `t` gives the English text, so the page never waits for one.
 */
export type Language = "en" | "de" | "zh";
export type Catalogue = Readonly<Record<string, string>>;

/** Every language, by its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch", zh: "简体中文" };

const LOAD: Readonly<Record<Exclude<Language, "en">, () => Promise<Catalogue>>> = {
  de: () => import("./de").then((file) => file.DE),
  zh: () => import("./zh").then((file) => file.ZH),
};

let words: Catalogue = {};
let current: Language = "en";

export const language = (): Language => current;

/** The text in the chosen language, with `{name}` replaced by its value. */
export function t(text: string, values?: Readonly<Record<string, string | number>>): string {
  const said = words[text] ?? text;
  return values ? said.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : said;
}

/** The first of the browser's languages that we speak. */
export function preferred(wanted: readonly string[]): Language {
  const ours = Object.keys(LANGUAGES) as Language[];
  return wanted.map((tag) => ours.find((own) => own === tag.split("-")[0])).find((own) => own !== undefined) ?? "en";
}

/** Speak a language from now on; what is on the page has to be drawn again. */
export async function speak(next: Language): Promise<void> {
  words = next === "en" ? {} : await LOAD[next]();
  current = next;
  if (typeof document !== "undefined") document.documentElement.lang = next === "zh" ? "zh-Hans" : next;
}
