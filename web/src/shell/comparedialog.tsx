/** The dialog that asks what to compare the shown workflow with. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { parseJson } from "../model/json";
import { asWorkflow, type Workflow } from "../model/workflow";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { Icon } from "./icons";
import { ui } from "./ui";
import { type Version, versionsOf } from "./versions";

export function CompareDialog({ app }: { app: App }): JSX.Element {
  const { session } = app;
  const versions = useSignal<Version[]>([]);
  const base = useSignal<Workflow | null>(null);
  useEffect(() => {
    void versionsOf(app, session).then((found) => (versions.value = found));
    void app.store.readText(`${session.id}/base`).then((text) => (base.value = text === null ? null : asWorkflow(parseJson(text))), () => undefined);
  }, []);
  const choose = (name: string, raw: Workflow) => (): void => {
    ui.dialog.value = null;
    void app.compareWith(name, raw);
  };
  const saved = base.value;
  const others = app.papers.open.filter((other) => other !== session);
  const none = saved === null && others.length === 0 && versions.value.length === 0;
  return (
    <Frame title={t("Compare with…")}>
      <div class="open-choices">
        <button class="choice" autofocus onClick={() => {
          ui.dialog.value = null;
          app.files.chooseToCompare();
        }}>
          <Icon name="folder" />
          <span>{t("A file or a picture…")}</span>
        </button>
        {saved && (
          <button class="choice" onClick={choose(t("the saved file"), saved)}>
            <Icon name="save" />
            <span>{t("As it was saved last")}</span>
          </button>
        )}
      </div>
      <div class="file-list">
        {others.map((other) => (
          <button class="file" key={other.id} onClick={choose(other.meta.name, other.doc.file)}>
            {other.meta.name} <small>{t("open in a tab")}</small>
          </button>
        ))}
        {versions.value.map((version) => (
          <button class="file" key={version.key} onClick={choose(version.name, version.raw)}>
            {version.name} <small>{new Date(version.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}</small>
          </button>
        ))}
        {none && <p class="empty">{t("There is no other tab and no version yet; results can be compared from their large view.")}</p>}
      </div>
    </Frame>
  );
}
