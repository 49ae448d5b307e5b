/** The list of extensions: what packs add to the page, each with a switch. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { Frame } from "./dialogs";
import { type ExtensionView, ui } from "./ui";
import "./extensions.css";

export function ExtensionsDialog(): JSX.Element {
  const all = ui.extensions.value;
  return (
    <Frame title={t("Extensions")}>
      <div class="extensions">
        {all.map((one) => <Line key={one.url} one={one} />)}
        {all.length === 0 && <p class="empty">{t("No node pack adds anything to the canvas.")}</p>}
      </div>
    </Frame>
  );
}

function written({ tier, insides }: ExtensionView): string {
  if (tier === "native") return t("Written for this canvas");
  return tier === "comfy"
    ? t("Written for the ComfyUI page")
    : t("Changes the insides of the ComfyUI page ({names}); that part works at /comfy/ only, if that page is installed", { names: insides.join(", ") });
}

function Line({ one }: { one: ExtensionView }): JSX.Element {
  return (
    <section class="extension" aria-label={one.name}>
      <label class="extension-head">
        <strong>{one.name}</strong>
        <input type="checkbox" role="switch" checked={one.on} aria-label={one.name} onChange={one.toggle} />
      </label>
      <small>{written(one)}</small>
      {one.adds.length > 0 && <small>{one.adds.join(", ")}</small>}
      {one.errors.map((text, i) => <p class="extension-error" key={i}>{text}</p>)}
      {one.settings.map((setting) => (
        <label class="extension-setting" key={setting.id}>
          <span>{setting.name}</span>
          <select value={setting.value} onChange={(event) => setting.choose(event.currentTarget.value)}>
            {setting.choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
          </select>
        </label>
      ))}
    </section>
  );
}
