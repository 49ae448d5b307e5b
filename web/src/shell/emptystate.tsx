/** What an empty workflow offers, in the middle of the canvas. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { Icon, type IconName } from "./icons";
import { ui } from "./ui";

const DOORS: readonly (readonly [id: string, icon: IconName, text: string])[] = [
  ["templates", "image", "Begin with a template"],
  ["add-node", "plus", "Add a node"],
  ["open", "folder", "Open a workflow"],
];

export function EmptyState({ app }: { app: App }): JSX.Element | null {
  if (!ui.empty.value) return null;
  return (
    <section class="empty-state" aria-label={t("An empty canvas")}>
      <p>{t("Nothing here yet. Double click the ground to add a node, or drop a file.")}</p>
      <div>
        {DOORS.map(([id, icon, text]) => (
          <button key={id} class="choice" onClick={() => app.commands.run(id)}>
            <Icon name={icon} />
            <span>{t(text)}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
