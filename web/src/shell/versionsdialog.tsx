/** The dialog of versions: keep one, look at what differs, bring one back. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
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
    await keepVersion(app, session, field.current?.value.trim() || "Without a name");
    if (field.current) field.current.value = "";
    await load();
  };
  return (
    <Frame title={`Versions of ${session.meta.name}`}>
      <form class="version-form" onSubmit={(event) => void keep(event)}>
        <input ref={field} autofocus placeholder="Name of this version" aria-label="Name of this version" maxLength={120} />
        <button class="run plain" type="submit">
          Keep
        </button>
      </form>
      <div class="file-list">
        {list.value?.map((version) => (
          <Line key={version.key} app={app} version={version} changed={load} />
        ))}
        {list.value?.length === 0 && <p class="empty">None yet. Every change is kept anyway; a version is a place to come back to.</p>}
      </div>
    </Frame>
  );
}

function Line({ app, version, changed }: { app: App; version: Version; changed: () => Promise<void> }): JSX.Element {
  const { session } = app;
  const restore = async (): Promise<void> => {
    ui.dialog.value = null;
    await keepVersion(app, session, `Before ${version.name} came back`);
    replaceAll(session.doc, version.raw, "Restore a version");
    toast(`${version.name} is back. Undo takes it away again.`);
  };
  const open = (): void => {
    ui.dialog.value = null;
    app.openWorkflow(asWorkflow(cloneJson(version.raw)), `${session.meta.name} · ${version.name}`);
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
          {when} · {version.raw.nodes.length} nodes, {difference(session.doc.raw, version.raw)}
        </small>
      </span>
      <button class="text-button" onClick={() => void restore()} aria-label={`Restore ${version.name}`}>
        Restore
      </button>
      <button class="text-button" onClick={open} aria-label={`Open ${version.name} in a tab`}>
        Open
      </button>
      <button class="text-button" onClick={() => void drop()} aria-label={`Delete ${version.name}`}>
        Delete
      </button>
    </div>
  );
}
