/** The user's palettes: kept as one setting, chosen as a theme. */
import { type Palette, readPalette, type Rgb, themeOf } from "../canvas/palette";
import type { Theme } from "../canvas/theme";
import { isObject, type JsonObject, parseJson, stringifyJson } from "../model/json";
import type { App } from "./app";

export const PALETTES = "loom.palettes";
const PREFIX = "palette:";

const isColor = (text: string): boolean => CSS.supports("color", text);

/** By the text that was read, so that reading it again costs nothing. */
let read: { text: string; palettes: readonly Palette[] } = { text: "", palettes: [] };

/** What this browser knows; entries that make no sense any more are left out. */
export function palettes(): readonly Palette[] {
  const text = localStorage.getItem(PALETTES) ?? "";
  if (text !== read.text) read = { text, palettes: parsed(text) };
  return read.palettes;
}

function parsed(text: string): Palette[] {
  try {
    const list = text === "" ? [] : parseJson(text);
    return (Array.isArray(list) ? list : []).filter(isObject).flatMap((entry) => attempt(entry) ?? []);
  } catch {
    return [];
  }
}

function attempt(entry: JsonObject): Palette | null {
  try {
    return readPalette({ ...entry, format: "loom-palette" }, isColor);
  } catch {
    return null;
  }
}

/** The value of the theme setting that stands for a palette. */
export const choiceOf = ({ name }: Palette): string => PREFIX + name;

/** The theme of a value of that setting, if it is a palette. */
export function paletteTheme(value: string): Theme | null {
  const found = value.startsWith(PREFIX) && palettes().find((one) => choiceOf(one) === value);
  return found ? themeOf(found) : null;
}

function keep(app: App, list: readonly Palette[]): Promise<void> {
  return app.settings.set(PALETTES, stringifyJson(list.map((one) => ({ ...one, colors: { ...one.colors }, types: { ...one.types } }))));
}

/** Take in the text of a file; one of the same name is replaced. */
export async function importPalette(app: App, text: string): Promise<Palette> {
  const palette = readPalette(parseJson(text), isColor);
  await keep(app, [...palettes().filter((one) => one.name !== palette.name), palette]);
  return palette;
}

export async function removePalette(app: App, palette: Palette): Promise<void> {
  await keep(app, palettes().filter((one) => one.name !== palette.name));
}

/** The channels of any colour that the browser can draw. */
export function channels(): (color: string) => Rgb {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  return (color) => {
    if (!ctx) return [0, 0, 0];
    ctx.fillStyle = color;
    ctx.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = ctx.getImageData(0, 0, 1, 1).data;
    return [r, g, b];
  };
}

/** What a palette begins with: one of the themes as it is. */
export const plainPalette = (base: Theme["name"], name: string): Palette => ({ name, base, colors: {}, types: {} });
