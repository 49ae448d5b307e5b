/** The dialog that asks whether a pack may do what it asks for. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { Asking } from "../net/consents";
import { asked } from "./consent";
import { Frame } from "./dialogs";
import "./missing.css";

/** What a capability means to a person. */
const MEANING: Record<string, () => string> = {
  network: () => t("Reach the network"),
  subprocess: () => t("Start other programs"),
  exec: () => t("Load code that is not Python's"),
};

export function ConsentDialog(): JSX.Element | null {
  if (!asked.value) return null;
  const { packs, answer } = asked.value;
  return (
    <Frame title={t("Before these nodes run for the first time")}>
      <div class="missing">{packs.map((pack) => <PackAsks key={pack.pack} pack={pack} />)}</div>
      <div class="actions save-form">
        <button class="text-button" onClick={() => answer("no")}>
          {t("Do not run")}
        </button>
        <button class="text-button" onClick={() => answer("always")}>
          {t("Allow always")}
        </button>
        <button class="run plain" autofocus onClick={() => answer("once")}>
          {t("Allow once")}
        </button>
      </div>
    </Frame>
  );
}

function PackAsks({ pack }: { pack: Asking }): JSX.Element {
  return (
    <section class="missing-item" aria-label={pack.pack}>
      <h3>{t("The pack {name} asks for:", { name: pack.pack })}</h3>
      <ul>
        {pack.wants.map(([name, why]) => (
          <li key={name}>
            {MEANING[name]?.() ?? name}
            {why === "" ? "" : `: ${why}`}
          </li>
        ))}
        {pack.writes.length > 0 && <li>{t("Change files in: {folders}", { folders: pack.writes.join(", ") })}</li>}
      </ul>
      <p class="missing-from">
        {pack.held === ""
          ? t("Not enforced: this pack shares the worker and can do whatever you can.")
          : t("It runs in a process of its own and is held to this by {what}.", { what: pack.held })}
      </p>
    </section>
  );
}
