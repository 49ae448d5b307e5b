/** The browser of templates: pictures by category, a search; each opens in a tab of its own. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { Icon } from "./icons";
import { packTemplates, type Template, TEMPLATES } from "./templates";
import { ui } from "./ui";
import "./templates.css";

function matches(template: Template, query: string): boolean {
  const texts = [template.title, template.about, template.group].flatMap((text) => [text, t(text)]);
  const all = texts.join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

export function TemplatesDialog({ app }: { app: App }): JSX.Element {
  const query = useSignal("");
  const group = useSignal<string | null>(null);
  const packs = useSignal<readonly Template[]>([]);
  useEffect(() => {
    void packTemplates(app.client).then((found) => (packs.value = found));
  }, []);
  const all = [...TEMPLATES, ...packs.value];
  const groups = [...new Set(all.map((template) => template.group))];
  const shown = all.filter((one) => (group.value === null || one.group === group.value) && matches(one, query.value));
  return (
    <Frame title={t("Templates")} wide>
      <div class="templates-head">
        <input
          type="search" autofocus placeholder={t("Search templates")} aria-label={t("Search templates")}
          value={query.value} onInput={(event) => (query.value = event.currentTarget.value)}
        />
        <div class="templates-groups" role="group" aria-label={t("Category")}>
          {[null, ...groups].map((name) => (
            <button key={name ?? ""} aria-pressed={group.value === name} onClick={() => (group.value = name)}>
              {name === null ? t("All") : t(name)}
            </button>
          ))}
        </div>
      </div>
      <div class="templates-grid">
        {shown.map((template) => <Card key={`${template.group}/${template.title}`} app={app} template={template} />)}
        {shown.length === 0 && <p class="empty">{t("Nothing matches.")}</p>}
      </div>
    </Frame>
  );
}

function Card({ app, template }: { app: App; template: Template }): JSX.Element {
  const broken = useSignal(false);
  const open = (): void => {
    ui.dialog.value = null;
    void app.files.openTemplate(template);
  };
  return (
    <button class="template" onClick={open}>
      <span class="template-picture">
        {template.picture !== null && !broken.value
          ? <img src={template.picture} alt="" loading="lazy" decoding="async" onError={() => (broken.value = true)} />
          : <Icon name="image" size={28} />}
      </span>
      <span class="template-title">{t(template.title)}</span>
      <small>{t(template.about)}</small>
    </button>
  );
}
