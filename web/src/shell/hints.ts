/** Tooltips that tell the keys, as the user has them now. */
import { t } from "../i18n";
import { readable } from "../input/keymap";
import type { App } from "./app";
import { ui } from "./ui";

/** The first key of a command, as it is now. */
export function keysHint(app: App, id: string): string {
  // Read, so that the bar is drawn again when keys change.
  void ui.keys.value;
  return readable(app.commands.get(id)?.keys ?? "");
}

/** A tooltip: what the button does and its key. */
export function hint(app: App, id: string): string {
  const keys = keysHint(app, id);
  const command = app.commands.get(id);
  return command ? `${t(command.title)}${keys && `  ${keys}`}` : id;
}
