/** The dialog of settings: groups, a search over names and tips, effects at once. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { chosen, type Setting, SETTINGS } from "./settings";
import { ui } from "./ui";
import "./settings.css";

const GROUPS: readonly Setting["group"][] = ["Looks", "Canvas", "Files"];

/** Whether a setting is meant by what was typed, in English or in the language of the page. */
function matches(setting: Setting, query: string): boolean {
  const texts = [setting.name, setting.tip, ...setting.choices.map(([, text]) => text)];
  const all = texts.flatMap((text) => [text, t(text)]).join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

export function SettingsDialog({ app }: { app: App }): JSX.Element {
  const query = useSignal("");
  const shown = SETTINGS.filter((setting) => matches(setting, query.value));
  return (
    <Frame title={t("Settings")}>
      <div class="settings-search">
        <input
          type="search"
          autofocus
          placeholder={t("Search settings")}
          aria-label={t("Search settings")}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </div>
      <div class="settings-doors">
        <button class="text-button" onClick={() => (ui.dialog.value = "keys")}>{t("Keys…")}</button>
        <button class="text-button" onClick={() => (ui.dialog.value = "palettes")}>{t("Palettes…")}</button>
      </div>
      <div class="settings">
        {GROUPS.map((group) => {
          const lines = shown.filter((setting) => setting.group === group);
          return lines.length > 0 && (
            <section key={group} aria-label={t(group)}>
              <h3>{t(group)}</h3>
              {lines.map((setting) => <Line key={setting.id} app={app} setting={setting} />)}
            </section>
          );
        })}
        {shown.length === 0 && <p class="empty">{t("Nothing matches.")}</p>}
      </div>
    </Frame>
  );
}

function Line({ app, setting }: { app: App; setting: Setting }): JSX.Element {
  // Read, so that the line is drawn again when any setting changes.
  void ui.settings.value;
  const tip = `tip-${setting.id}`;
  return (
    <label class="setting">
      <span>{t(setting.name)}</span>
      <small id={tip}>{t(setting.tip)}</small>
      <select
        value={chosen(setting)}
        aria-label={t(setting.name)}
        aria-describedby={tip}
        onChange={(event) => void app.settings.set(setting.id, event.currentTarget.value)}
      >
        {setting.choices.map(([value, text]) => <option key={value} value={value}>{t(text)}</option>)}
      </select>
    </label>
  );
}
