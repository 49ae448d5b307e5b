/** A bar over the canvas while the shown document and its file have grown apart. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { ui } from "./ui";

export function ConflictBar({ app }: { app: App }): JSX.Element | null {
  if (!ui.conflict.value) return null;
  const { session, saving } = app;
  return (
    <section class="conflict" role="alert" aria-label={t("Conflict")}>
      <p>
        <strong>{ui.name}</strong> {t("was changed elsewhere since you opened it. Nothing is saved until you choose.")}
      </p>
      <div class="conflict-choices">
        <button class="text-button" title={t("Save this version; theirs stays among the versions")} onClick={() => void saving.keepMine(session)}>
          {t("Keep mine")}
        </button>
        <button class="text-button" title={t("Show the other version; yours stays among the versions")} onClick={() => void saving.takeTheirs(session)}>
          {t("Take theirs")}
        </button>
        <button class="text-button" title={t("Theirs in this tab, yours in a new one")} onClick={() => saving.keepBoth(session)}>
          {t("Keep both")}
        </button>
        <button class="text-button" title={t("Join both; where both changed the same, yours stays and is shown beside theirs")} onClick={() => void saving.mergeBoth(session)}>
          {t("Merge")}
        </button>
      </div>
    </section>
  );
}
