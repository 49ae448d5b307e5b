/** The dialog of versions: keep one, look at what differs, bring one back. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { cloneJson } from "../model/json";
import { asWorkflow } from "../model/workflow";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { replaceAll } from "./saving";
import { toast, ui } from "./ui";
import { difference, keepVersion, type Version, versionsOf } from "./versions";

export function VersionsDialog({ app }: { app: App }): JSX.Element {
  const list = useSignal<Version[] | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const { session } = app;
  const load = async (): Promise<void> => {
    list.value = await versionsOf(app, session);
  };
  useEffect(() => void load(), []);
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    await keepVersion(app, session, field.current?.value.trim() || t("Without a name"));
    if (field.current) field.current.value = "";
    await load();
  };
  return (
    <Frame title={t("Versions of {name}", { name: session.meta.name })}>
      <form class="version-form" onSubmit={(event) => void keep(event)}>
        <input ref={field} autofocus placeholder={t("Name of this version")} aria-label={t("Name of this version")} maxLength={120} />
        <button class="run plain" type="submit">
          {t("Keep")}
        </button>
      </form>
      <div class="file-list">
        {list.value?.map((version) => (
          <Line key={version.key} app={app} version={version} changed={load} />
        ))}
        {list.value?.length === 0 && <p class="empty">{t("None yet. Every change is kept anyway; a version is a place to come back to.")}</p>}
      </div>
    </Frame>
  );
}

function Line({ app, version, changed }: { app: App; version: Version; changed: () => Promise<void> }): JSX.Element {
  const { session } = app;
  const restore = async (): Promise<void> => {
    ui.dialog.value = null;
    await keepVersion(app, session, t("Before {name} came back", { name: version.name }));
    replaceAll(session.doc, version.raw, "Restore a version");
    toast(t("{name} is back. Undo takes it away again.", { name: version.name }));
  };
  const open = (): void => {
    ui.dialog.value = null;
    app.openWorkflow(asWorkflow(cloneJson(version.raw)), `${session.meta.name} · ${version.name}`);
  };
  const compare = (): void => {
    ui.dialog.value = null;
    void app.compareWith(version.name, version.raw);
  };
  const drop = async (): Promise<void> => {
    await app.store.writeText(version.key, null);
    await changed();
  };
  const when = new Date(version.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return (
    <div class="version">
      <span class="version-what">
        <strong>{version.name}</strong>
        <small>
          {when} · {t("{n} nodes", { n: version.raw.nodes.length })}, {difference(session.doc.raw, version.raw)}
        </small>
      </span>
      <button class="text-button" onClick={() => void restore()} aria-label={t("Restore {name}", { name: version.name })}>
        {t("Restore")}
      </button>
      <button class="text-button" onClick={compare} aria-label={t("Compare with {name}", { name: version.name })}>
        {t("Compare")}
      </button>
      <button class="text-button" onClick={open} aria-label={t("Open {name} in a tab", { name: version.name })}>
        {t("Open")}
      </button>
      <button class="text-button" onClick={() => void drop()} aria-label={t("Delete {name}", { name: version.name })}>
        {t("Delete")}
      </button>
    </div>
  );
}
