/** Menus that lead to menus. */
import type { Vec } from "../canvas/camera";
import { type MenuLine, ui } from "./ui";

/** A line that shows another menu in the place of this one. */
export function submenu(title: string, at: () => Vec, lines: () => (MenuLine | null)[]): MenuLine {
  return { title, run: () => {
    // The menu that is closing has its turn first.
    queueMicrotask(() => {
      ui.menu.value = { at: at(), lines: lines() };
    });
  } };
}
