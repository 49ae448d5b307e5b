/** The two dialogs of files: open and save. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { StoredFile } from "../net/client";
import type { App } from "./app";
import { Icon } from "./icons";
import { Later, type Panel } from "./later";
import { sentenceOf, toast, ui } from "./ui";

const settings = (): Promise<Panel> => import("./settingsdialog").then((file) => file.SettingsDialog);
const about = (): Promise<Panel> => import("./about").then((file) => file.AboutDialog);
const palettes = (): Promise<Panel> => import("./palettesdialog").then((file) => file.PalettesDialog);
const guide = (): Promise<Panel> => import("./guide").then((file) => file.GuideDialog);
const account = (): Promise<Panel> => import("./account").then((file) => file.AccountDialog);
const templates = (): Promise<Panel> => import("./templatesdialog").then((file) => file.TemplatesDialog);
const versions = (): Promise<Panel> => import("./versionsdialog").then((file) => file.VersionsDialog);

const compare = (): Promise<Panel> => import("./comparedialog").then((file) => file.CompareDialog);
const sweep = (): Promise<Panel> => import("./sweepdialog").then((file) => file.SweepDialog);
const keys = (): Promise<Panel> => import("./keysdialog").then((file) => file.KeysDialog);
const extensions = (): Promise<Panel> => import("./extensionsdialog").then((file) => file.ExtensionsDialog);
const missing = (): Promise<Panel> => import("./missing").then((file) => file.MissingDialog);
const consent = (): Promise<Panel> => import("./consentdialog").then((file) => file.ConsentDialog);

const close = (): void => {
  ui.dialog.value = null;
};

export function Dialogs({ app }: { app: App }): JSX.Element | null {
  if (ui.dialog.value === "open") return <OpenDialog app={app} />;
  if (ui.dialog.value === "settings") return <Later load={settings} app={app} />;
  if (ui.dialog.value === "about") return <Later load={about} app={app} />;
  if (ui.dialog.value === "palettes") return <Later load={palettes} app={app} />;
  if (ui.dialog.value === "guide") return <Later load={guide} app={app} />;
  if (ui.dialog.value === "account") return <Later load={account} app={app} />;
  if (ui.dialog.value === "templates") return <Later load={templates} app={app} />;
  if (ui.dialog.value === "keys") return <Later load={keys} app={app} />;
  if (ui.dialog.value === "versions") return <Later load={versions} app={app} />;
  if (ui.dialog.value === "compare") return <Later load={compare} app={app} />;
  if (ui.dialog.value === "sweep") return <Later load={sweep} app={app} />;
  if (ui.dialog.value === "extensions") return <Later load={extensions} app={app} />;
  if (ui.dialog.value === "consent") return <Later load={consent} app={app} />;
  if (ui.dialog.value === "missing") return <Later load={missing} app={app} />;
  return ui.dialog.value === "save" ? <SaveDialog app={app} /> : null;
}

/** A modal frame; the browser keeps the focus inside and Escape closes it. */
export function Frame({ title, wide = false, children }: { title: string; wide?: boolean; children: ComponentChildren }): JSX.Element {
  const frame = useRef<HTMLDialogElement>(null);
  // Before the next key arrives: what is typed now belongs to the dialog.
  useLayoutEffect(() => frame.current?.showModal(), []);
  return (
    <dialog class={wide ? "dialog wide" : "dialog"} ref={frame} onClose={close} aria-label={title} onClick={(e) => e.target === frame.current && close()}>
      <div class="panel-head">
        <h2>{title}</h2>
        <button class="tool" aria-label={t("Close")} onClick={close}>
          <Icon name="close" size={16} />
        </button>
      </div>
      {children}
    </dialog>
  );
}

function OpenDialog({ app }: { app: App }): JSX.Element {
  const files = useSignal<StoredFile[] | null>(null);
  useEffect(() => {
    app.client.workflows().then(
      (found) => (files.value = found),
      (error: unknown) => {
        files.value = [];
        toast(sentenceOf(error), "error");
      },
    );
  }, []);
  const then = (act: () => void) => (): void => {
    close();
    act();
  };
  return (
    <Frame title={t("Open a workflow")}>
      <div class="open-choices">
        <button class="choice" autofocus onClick={then(() => app.files.choose())}>
          <Icon name="folder" />
          <span>{t("From a file")}</span>
          <small>{t("JSON, or a picture, film, sound or weights that carry one")}</small>
        </button>
        <button class="choice" onClick={() => (ui.dialog.value = "templates")}>
          <Icon name="image" />
          <span>{t("Templates")}</span>
          <small>{t("With pictures of what they make")}</small>
        </button>
        <button class="choice" onClick={then(() => app.files.openEmpty())}>
          <Icon name="plus" />
          <span>{t("New")}</span>
          <small>{t("An empty canvas")}</small>
        </button>
      </div>
      <h3>{t("Saved on the server")}</h3>
      <div class="file-list">
        {files.value?.map((file) => (
          <button class="file-line" key={file.path} onClick={then(() => void app.files.openStored(file.path))}>
            <span>{file.path.replace(/\.json$/, "")}</span>
            <time>{when(file.modified)}</time>
          </button>
        ))}
        {files.value?.length === 0 && <p class="empty">{t("None yet. Save puts them here.")}</p>}
      </div>
    </Frame>
  );
}

/** File times come in seconds; newer servers send milliseconds. */
function when(modified: number): string {
  const ms = modified > 1e11 ? modified : modified * 1000;
  return new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function SaveDialog({ app }: { app: App }): JSX.Element {
  const { name } = app.session.meta;
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), []);
  const save = (event: Event): void => {
    event.preventDefault();
    const typed = field.current?.value.trim().replace(/\.json$/i, "") ?? "";
    if (typed === "") return;
    close();
    void app.saving.saveAs(`${typed}.json`);
  };
  return (
    <Frame title={t("Save the workflow")}>
      <form class="save-form" onSubmit={save}>
        <label>
          {t("Name")}
          <input ref={field} defaultValue={name} autofocus spellcheck={false} maxLength={200} />
        </label>
        <p class="empty">{t("Saved on the server under workflows; a slash makes a folder.")}</p>
        <div class="actions">
          <button type="button" class="text-button" onClick={() => app.files.download()}>
            {t("Download instead")}
          </button>
          <button type="submit" class="run plain">
            {t("Save")}
          </button>
        </div>
      </form>
    </Frame>
  );
}
