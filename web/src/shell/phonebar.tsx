/** The bar for the thumb on small screens; style sheets decide whether it is there. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { Icon, type IconName } from "./icons";
import { ui } from "./ui";

const TOOLS: readonly (readonly [id: string, icon: IconName])[] = [
  ["undo", "undo"],
  ["redo", "redo"],
  ["add-node", "plus"],
  ["library", "book"],
  ["outline", "outline"],
  ["fit", "fit"],
  ["palette", "more"],
];

export function PhoneBar({ app }: { app: App }): JSX.Element | null {
  const off: Readonly<Record<string, boolean>> = { undo: !ui.canUndo.value, redo: !ui.canRedo.value };
  if (ui.canvasOnly.value) return null;
  return (
    <div class="phonebar" role="toolbar" aria-label={t("Tools")} key={ui.language.value}>
      {TOOLS.map(([id, icon]) => {
        const title = t(app.commands.get(id)?.title ?? id);
        return (
          <button key={id} class="tool" aria-label={title} title={title} disabled={off[id] ?? false} onClick={() => app.commands.run(id)}>
            <Icon name={icon} size={22} />
          </button>
        );
      })}
    </div>
  );
}
