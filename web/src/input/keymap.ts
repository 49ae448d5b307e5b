/** Keys to commands. Text fields keep their own keys, except the ones that start a run. */
import type { Commands } from "./commands";

const MAC = typeof navigator !== "undefined" && navigator.platform.startsWith("Mac");

/** The combination of a key event, written like the `keys` of a command. */
export function comboOf(event: KeyboardEvent): string {
  const mod = MAC ? event.metaKey : event.ctrlKey;
  const shifted = /^Digit(\d)$/.exec(event.code)?.[1];
  const key = shifted && event.shiftKey ? shifted : event.key;
  const name = key.length === 1 ? key.toUpperCase() : key;
  const parts = [mod ? "Mod" : "", event.altKey ? "Alt" : "", event.shiftKey ? "Shift" : "", name];
  return parts.filter((part) => part !== "").join("+");
}

/** Keys as a person reads them. */
export function readable(keys: string): string {
  const first = keys.split(" ")[0] ?? "";
  return first.replace("Mod", MAC ? "⌘" : "Ctrl").replaceAll("+", " ").replace("Enter", "↵");
}

/** Commands that work even while a text field has the focus. */
const EVERYWHERE = new Set(["run", "run-front", "interrupt", "palette", "save", "save-as"]);

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Start the command a key event stands for; true if one was found. */
export function dispatch(commands: Commands, event: KeyboardEvent): boolean {
  const combo = comboOf(event);
  const typing = isTyping(event.target);
  for (const command of commands.all()) {
    if (!command.keys?.split(" ").includes(combo)) continue;
    if (typing && !EVERYWHERE.has(command.id)) continue;
    // The browser's own meaning (save page, bookmark) never applies on the canvas.
    event.preventDefault();
    commands.run(command.id);
    return true;
  }
  return false;
}
