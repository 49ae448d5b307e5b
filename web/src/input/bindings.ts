/**
 * Keys of commands as the user changed them: pure steps from one set of keys to the next.
 *
 * Invariant: a step never leaves the combination it gives with a second command.
 */
import { t } from "../i18n";
import type { Command, Commands } from "./commands";
import { isObject, type Json, parseJson } from "../model/json";

/** Keys by the id of a command, several separated by a space; none at all is the empty text. */
export type Bindings = Readonly<Record<string, string>>;

export const keysOf = (command: Command | undefined): string[] => command?.keys?.split(" ") ?? [];

/** Read what was stored; anything else is no change. */
export function readBindings(text: string): Bindings {
  let value: Json;
  try {
    value = parseJson(text);
  } catch {
    return {};
  }
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

/** The other commands that a combination starts. */
export const othersWith = (commands: Commands, id: string, combo: string): Command[] =>
  commands.all().filter((command) => command.id !== id && keysOf(command).includes(combo));

/** Give a command a combination, in place of `old` if there is one; who had it gets `old`. */
export function give(commands: Commands, id: string, combo: string, old: string | null): Bindings {
  let next = withKeys(commands, commands.bindings, id, (keys) => exchange(keys, old, combo));
  for (const other of othersWith(commands, id, combo)) {
    next = withKeys(commands, next, other.id, (keys) => exchange(keys, combo, old));
  }
  return next;
}

/** Take a combination from a command. */
export const take = (commands: Commands, id: string, combo: string): Bindings =>
  withKeys(commands, commands.bindings, id, (keys) => exchange(keys, combo, null));

/** Give a command its own keys back; who had got one of them loses it. */
export function reset(commands: Commands, id: string): Bindings {
  const own = commands.ownKeys(id).split(" ");
  let next: Bindings = Object.fromEntries(Object.entries(commands.bindings).filter(([other]) => other !== id));
  for (const other of commands.all()) {
    const taken = other.id === id ? [] : keysOf(other).filter((key) => own.includes(key));
    for (const key of taken) next = withKeys(commands, next, other.id, (keys) => exchange(keys, key, null));
  }
  return next;
}

function exchange(keys: readonly string[], gone: string | null, come: string | null): string[] {
  const at = gone === null ? -1 : keys.indexOf(gone);
  const next = at < 0 ? [...keys, come] : [...keys.slice(0, at), come, ...keys.slice(at + 1)];
  return [...new Set(next.filter((key) => key !== null))];
}

/** What equals the command's own keys is no change. */
function withKeys(commands: Commands, bindings: Bindings, id: string, change: (keys: readonly string[]) => string[]): Bindings {
  const { [id]: now = commands.ownKeys(id), ...rest } = bindings;
  const next = change(now.split(" ").filter((key) => key !== "")).join(" ");
  return next === commands.ownKeys(id) ? rest : { ...rest, [id]: next };
}

/** Combinations that something else of the page always gets. */
const FIXED: Readonly<Record<string, string>> = {
  Escape: "Escape", " ": "Space", ArrowLeft: "Arrows", ArrowRight: "Arrows", ArrowUp: "Arrows", ArrowDown: "Arrows",
  "Shift+ArrowLeft": "Arrows", "Shift+ArrowRight": "Arrows", "Shift+ArrowUp": "Arrows", "Shift+ArrowDown": "Arrows",
  "Mod+C": "Copy", "Mod+X": "Cut", "Mod+V": "Paste", "Mod+Shift+V": "Paste",
};
/** Combinations that browsers do not hand to pages. */
const BROWSER = new Set(["Mod+W", "Mod+T", "Mod+N", "Mod+Shift+N", "Mod+Shift+T", "Mod+Shift+W", "Mod+Tab", "Mod+Shift+Tab", "Alt+F4", "F11"]);

/** Why a combination cannot be given to a command; null if it can. */
export function refusal(combo: string): string | null {
  if (combo in FIXED) return t("This one always stays with: {what}.", { what: t(FIXED[combo] ?? "") });
  if (BROWSER.has(combo)) return t("The browser keeps this one for itself.");
  return null;
}
