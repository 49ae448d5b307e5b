/**
 * Palettes: a theme with some of its colours changed, as a file that people share.
 *
 *     {"format": "loom-palette", "name": "Rose", "base": "dark",
 *      "colors": {"canvas": "#201014", "accent": "#ff8fab"}, "types": {"LATENT": "#ff9ecd"}}
 *
 * Invariant: only names that the theme has and colours that the browser reads come in.
 */
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import { type Theme, THEMES } from "./theme";

const FORMAT = "loom-palette";
const LONGEST_NAME = 60;

export type Colors = Readonly<Record<string, string>>;

export interface Palette {
  readonly name: string;
  readonly base: Theme["name"];
  /** By their names in the theme. */
  readonly colors: Colors;
  /** By type of socket. */
  readonly types: Colors;
}

/** The colours that a palette may change. */
export const COLOR_NAMES: readonly string[] = Object.entries(THEMES.dark).flatMap(([name, value]) => (name !== "name" && typeof value === "string" ? [name] : []));

/** Read a file; `isColor` tells what the browser can draw. Throws a sentence for what is no palette. */
export function readPalette(value: Json, isColor: (text: string) => boolean): Palette {
  if (!isObject(value) || value["format"] !== FORMAT) {
    throw new Error(t('This is no palette: it should be JSON with "format": "{format}". Export one to see how it looks.', { format: FORMAT }));
  }
  const { base } = value;
  const colors = colorsOf(value["colors"], isColor);
  const unknown = Object.keys(colors).filter((name) => !COLOR_NAMES.includes(name));
  if (unknown.length > 0) throw new Error(t("There is no colour {names}. Those that there are: {all}.", { names: unknown.join(", "), all: COLOR_NAMES.join(", ") }));
  return {
    name: (typeof value["name"] === "string" && value["name"].trim().slice(0, LONGEST_NAME)) || t("Palette"),
    base: base === "light" || base === "contrast" ? base : "dark",
    colors,
    types: Object.fromEntries(Object.entries(colorsOf(value["types"], isColor)).map(([type, color]) => [type.toUpperCase(), color])),
  };
}

function colorsOf(value: Json | undefined, isColor: (text: string) => boolean): Colors {
  const entries = Object.entries(isObject(value) ? value : {});
  const wrong = entries.find(([, color]) => typeof color !== "string" || !isColor(color));
  if (wrong) throw new Error(t("{name} is no colour that this browser knows: {value}.", { name: wrong[0], value: JSON.stringify(wrong[1]) }));
  return Object.fromEntries(entries) as Colors;
}

/** The file of a palette, or of a theme that one can begin with. */
export function paletteFile({ name, base, colors, types }: Palette): JsonObject {
  const all = Object.fromEntries(COLOR_NAMES.map((key) => [key, colors[key] ?? String(THEMES[base][key as keyof Theme] as string)]));
  return { format: FORMAT, name, base, colors: all, types: { ...types } };
}

export const themeOf = ({ base, colors, types }: Palette): Theme => ({ ...THEMES[base], ...colors, types });

export type Rgb = readonly [r: number, g: number, b: number];

/** Relative luminance of WCAG 2.2, from channels of 0 to 255. */
function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** Contrast of WCAG 2.2: 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** What has to be read on what, and how well (WCAG 2.2 AA; signs need 3). */
const PAIRS: readonly (readonly [ink: string, ground: string, least: number])[] = [
  ["text", "node", 4.5], ["text", "panel", 4.5], ["text", "field", 4.5], ["text2", "node", 4.5], ["text2", "panel", 4.5], ["text3", "panel", 4.5],
  ["canvas", "accent", 4.5], ["accent", "panel", 4.5], ["accent", "canvas", 3], ["error", "node", 3], ["running", "node", 3], ["done", "node", 3],
];

/** Pairs that are hard to read; `rgb` gives the channels of a colour. */
export function tooFaint(theme: Theme, rgb: (color: string) => Rgb): { ink: string; ground: string; ratio: number; least: number }[] {
  const color = (name: string): Rgb => rgb(String(theme[name as keyof Theme] as string));
  return PAIRS.map(([ink, ground, least]) => ({ ink, ground, least, ratio: contrast(color(ink), color(ground)) })).filter(({ ratio, least }) => ratio < least);
}
