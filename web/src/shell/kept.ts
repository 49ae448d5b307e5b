/** Lists of names that the user keeps: bookmarks by the server, recently used ones by the browser. */
import { signal } from "@preact/signals";
import { isObject, parseJson, stringifyJson } from "../model/json";
import type { App } from "./app";
import { sentenceOf, toast } from "./ui";

const BOOKMARKS = "loom.bookmarks";
const RECENT = "loom.recent";
const KEPT_RECENT = 12;

function read(text: string | null): string[] {
  try {
    const value = text === null ? [] : parseJson(text);
    return Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];
  } catch {
    return [];
  }
}

export const bookmarks = signal<readonly string[]>([]);
export const recent = signal<readonly string[]>([]);

/** What this browser remembers at once, then what the server has from all browsers. */
export async function readKept(app: App): Promise<void> {
  bookmarks.value = read(localStorage.getItem(BOOKMARKS));
  recent.value = read(localStorage.getItem(RECENT));
  const stored = await app.client.json("settings").catch(() => null);
  const text = isObject(stored) ? stored[BOOKMARKS] : undefined;
  if (typeof text === "string") bookmarks.value = read(text);
}

/** Set or take away a bookmark. */
export async function toggleBookmark(app: App, type: string): Promise<void> {
  const has = bookmarks.value.includes(type);
  bookmarks.value = has ? bookmarks.value.filter((name) => name !== type) : [...bookmarks.value, type];
  const text = stringifyJson([...bookmarks.value]);
  localStorage.setItem(BOOKMARKS, text);
  await app.client.json("settings", "POST", { [BOOKMARKS]: text }).catch((error: unknown) => {
    toast(sentenceOf(error), "error");
  });
}

/** Remember that a node type was used. */
export function noteUse(type: string): void {
  const names = read(localStorage.getItem(RECENT)).filter((name) => name !== type);
  recent.value = [type, ...names].slice(0, KEPT_RECENT);
  localStorage.setItem(RECENT, stringifyJson([...recent.value]));
}
