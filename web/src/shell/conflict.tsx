/** A bar over the canvas while the shown document and its file have grown apart. */
import type { JSX } from "preact";
import type { App } from "./app";
import { ui } from "./ui";

export function ConflictBar({ app }: { app: App }): JSX.Element | null {
  if (!ui.conflict.value) return null;
  const { session, saving } = app;
  return (
    <section class="conflict" role="alert" aria-label="Conflict">
      <p>
        <strong>{ui.name}</strong> was changed elsewhere since you opened it. Nothing is saved until you choose.
      </p>
      <div class="conflict-choices">
        <button class="text-button" title="Save this version; theirs stays among the versions" onClick={() => void saving.keepMine(session)}>
          Keep mine
        </button>
        <button class="text-button" title="Show the other version; yours stays among the versions" onClick={() => void saving.takeTheirs(session)}>
          Take theirs
        </button>
        <button class="text-button" title="Theirs in this tab, yours in a new one" onClick={() => saving.keepBoth(session)}>
          Keep both
        </button>
        {saving.merge && (
          <button class="text-button" title="Join both versions" onClick={() => void saving.mergeBoth(session)}>
            Merge…
          </button>
        )}
      </div>
    </section>
  );
}
