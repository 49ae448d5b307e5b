/** Keys to commands. Text fields keep their own keys, except the ones that start a run. */
import type { Commands } from "./commands";

const MAC = typeof navigator !== "undefined" && navigator.platform.startsWith("Mac");

/** The combination of a key event, written like the `keys` of a command. */
export function comboOf(event: KeyboardEvent): string {
  const mod = MAC ? event.metaKey : event.ctrlKey;
  const parts = [mod ? "Mod" : "", event.altKey ? "Alt" : "", event.shiftKey ? "Shift" : "", nameOf(event)];
  return parts.filter((part) => part !== "").join("+");
}

/** The key as its cap reads: Shift does not change a digit, nor Option a letter on a Mac. */
function nameOf(event: KeyboardEvent): string {
  const digit = event.shiftKey && /^Digit(\d)$/.exec(event.code)?.[1];
  const letter = MAC && event.altKey && /^Key([A-Z])$/.exec(event.code)?.[1];
  const key = digit || letter || event.key;
  return key.length === 1 ? key.toUpperCase() : key;
}

/** One combination as a person reads it. */
export function readableCombo(combo: string): string {
  return combo
    .split(/\+(?!$)/)
    .map((part) => (part === "Mod" ? (MAC ? "⌘" : "Ctrl") : (CAPS[part] ?? part)))
    .join(" ");
}

const CAPS: Readonly<Record<string, string>> = { Enter: "↵", " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** Keys as a person reads them; of several the first. */
export const readable = (keys: string): string => readableCombo(keys.split(" ")[0] ?? "");

/** Commands that work even while a text field has the focus. */
const EVERYWHERE = new Set(["run", "run-front", "interrupt", "palette", "save", "save-as"]);

/** Keys that type nothing. */
const types = (combo: string): boolean => !/^(Mod|Alt)\+|^(Shift\+)?F\d/.test(combo);

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Start the command a key event stands for; true if one was found. */
export function dispatch(commands: Commands, event: KeyboardEvent): boolean {
  const combo = comboOf(event);
  const typing = isTyping(event.target);
  for (const command of commands.all()) {
    if (!command.keys?.split(" ").includes(combo)) continue;
    if (typing && (types(combo) || !EVERYWHERE.has(command.id))) continue;
    // The browser's own meaning (save page, bookmark) never applies on the canvas.
    event.preventDefault();
    commands.run(command.id);
    return true;
  }
  return false;
}
