/**
 * Saving to the server: by hand, and by itself for documents that have a file there.
 *
 * Invariant: a version of a file that this page has not seen is never replaced without asking;
 * the version that loses is kept as a version of the document.
 */
import { t } from "../i18n";
import type { Document, Edit } from "../model/document";
import { isObject, type Json, type JsonObject, parseJson, stringifyJson } from "../model/json";
import type { Path } from "../model/patch";
import { asWorkflow, type Workflow } from "../model/workflow";
import { ServerError } from "../net/client";
import { readStored, type Replaces, writeStored } from "../net/stored";
import type { App } from "./app";
import type { Session } from "./papers";
import { sentenceOf, toast, ui } from "./ui";
import { keepVersion } from "./versions";

const AUTOSAVE_MS = 2000;
const LOST = new Set([409, 412]);

export const baseName = (path: string): string => (path.split("/").at(-1) ?? path).replace(/\.[a-z0-9]{2,12}$/i, "");

export class Saving {
  private readonly timers = new Map<Session, number>();

  constructor(private readonly app: App) {}

  /** Save under its own name, or ask for one. */
  async save(): Promise<void> {
    const { session } = this.app;
    if (session.meta.path === null) ui.dialog.value = "save";
    else if (await this.write(session, session.meta.path)) toast(t("Saved as {name}", { name: session.meta.path }));
  }

  /** Save under a name that may be taken. */
  async saveAs(path: string, replace = false): Promise<void> {
    const { session } = this.app;
    const known = path === session.meta.path;
    if (await this.write(session, path, known ? undefined : replace ? { any: true } : { none: true })) toast(t("Saved as {name}", { name: path }));
  }

  /** The document was changed: its file follows when the hands rest. */
  later(session: Session): void {
    if (session.meta.path === null || session.conflict || !autosaves()) return;
    clearTimeout(this.timers.get(session));
    this.timers.set(session, window.setTimeout(() => void this.autosave(session), AUTOSAVE_MS));
  }

  /** The server is back: what could not be saved meanwhile is saved now. */
  retry(): void {
    for (const session of this.app.papers.open) if (!session.meta.saved) this.later(session);
  }

  /** Another page saved a file that may be open here. */
  async elsewhere(path: string, etag: string): Promise<void> {
    for (const session of this.app.papers.open) {
      if (session.meta.path !== path || session.meta.etag === etag) continue;
      await this.compare(session).catch(() => undefined);
    }
  }

  /** Keep what is here; the other version stays as a version of this document. */
  async keepMine(session: Session): Promise<void> {
    const { conflict } = session;
    if (!conflict || session.meta.path === null) return;
    await keepVersion(this.app, session, t("Theirs, before mine replaced it"), conflict.text);
    session.conflict = null;
    if (await this.write(session, session.meta.path, { etag: conflict.etag })) toast(t("Yours is saved. Theirs is among the versions."));
  }

  /** Take what is on the server; undo brings back the own one. */
  async takeTheirs(session: Session): Promise<void> {
    const { conflict } = session;
    if (!conflict) return;
    await keepVersion(this.app, session, t("Mine, before theirs replaced it"));
    this.adopt(session, conflict.text, conflict.etag);
    toast(t("Theirs is shown. Yours is among the versions, and Undo brings it back."));
  }

  /** Theirs in this tab, mine in a tab of its own without a file. */
  keepBoth(session: Session): void {
    const { conflict } = session;
    if (!conflict) return;
    const mine = asWorkflow(parseJson(stringifyJson(session.doc.raw)));
    this.adopt(session, conflict.text, conflict.etag);
    const copy = this.app.openWorkflow(mine, `${session.meta.name} (mine)`);
    this.app.remember({ saved: false }, copy);
  }

  /** Join both versions; where both changed the same, mine stays and the user is shown the place. */
  async mergeBoth(session: Session): Promise<void> {
    const { conflict } = session;
    const base = await this.app.store.readText(`${session.id}/base`);
    if (!conflict) return;
    const comparing = await this.app.comparer();
    const read = (text: string): Workflow => asWorkflow(parseJson(text));
    if (base === null) {
      toast(t("The version that both grew from is not known any more, so they can only be compared."), "error");
      comparing.start(t("theirs"), read(conflict.text));
      return;
    }
    await keepVersion(this.app, session, t("Mine, before the merge"));
    await keepVersion(this.app, session, t("Theirs, before the merge"), conflict.text);
    session.conflict = null;
    await this.common(session, conflict.text, conflict.etag);
    comparing.join(session, read(base), read(conflict.text));
  }

  /** Remember the text that the document and its file have in common. */
  async common(session: Session, text: string, etag: string | null): Promise<void> {
    this.app.remember({ etag, saved: true }, session);
    await this.app.store.writeText(`${session.id}/base`, text).catch(() => undefined);
  }

  private async autosave(session: Session): Promise<void> {
    this.timers.delete(session);
    const { path, saved } = session.meta;
    if (path === null || saved || session.conflict) return;
    const base = await this.app.store.readText(`${session.id}/base`).catch(() => null);
    // The file as the user saved it last stays within reach.
    if (base !== null && session.meta["autosaved"] !== true) await keepVersion(this.app, session, t("Before it saved itself"), base);
    if (await this.write(session, path, undefined, true)) session.meta["autosaved"] = true;
  }

  /** Write the document; true if the server has it now. */
  private async write(session: Session, path: string, replaces?: Replaces, quiet = false): Promise<boolean> {
    if (!quiet) this.app.workspace.closeEditor();
    const text = stringifyJson(session.doc.raw, 2);
    const { changes } = session.doc;
    const { etag } = session.meta;
    try {
      const now = await writeStored(this.app.client, path, text, replaces ?? (etag === null ? { any: true } : { etag }));
      this.app.remember({ path, name: baseName(path) }, session);
      await this.common(session, text, now);
      if (!quiet) session.meta["autosaved"] = false;
      if (session.doc.changes !== changes) this.app.remember({ saved: false }, session);
      if (now !== null) this.app.channel.saved(path, now);
      return true;
    } catch (error) {
      await this.failed(session, path, error, quiet);
      return false;
    }
  }

  private async failed(session: Session, path: string, error: unknown, quiet: boolean): Promise<void> {
    const lost = error instanceof ServerError && LOST.has(error.status);
    if (lost && path === session.meta.path) await this.compare(session);
    else if (lost) {
      toast(t("There is a workflow {name} already.", { name: baseName(path) }), "error", {
        label: t("Replace it"),
        run: () => void this.saveAs(path, true),
      });
    } else if (!quiet) toast(sentenceOf(error), "error");
  }

  /** Look at the file: follow it if nothing was changed here, or let the user choose. */
  private async compare(session: Session): Promise<void> {
    const { path } = session.meta;
    const theirs = path === null ? null : await readStored(this.app.client, path);
    if (!theirs) {
      // The file is gone: saving makes it anew.
      this.app.remember({ etag: null, saved: false }, session);
      return;
    }
    if (theirs.text === stringifyJson(session.doc.raw, 2)) await this.common(session, theirs.text, theirs.etag);
    else if (session.meta.saved) {
      this.adopt(session, theirs.text, theirs.etag ?? "");
      toast(t("{name} was changed elsewhere; this is the new version. Undo brings back the one before.", { name: session.meta.name }));
    } else {
      session.conflict = { text: theirs.text, etag: theirs.etag ?? "" };
      this.app.showMeta();
    }
  }

  private adopt(session: Session, text: string, etag: string): void {
    session.conflict = null;
    replaceAll(session.doc, asWorkflow(parseJson(text)), "Take the other version");
    clearTimeout(this.timers.get(session));
    void this.common(session, text, etag);
  }
}

/** Put another version in a document's place, in one step that can be undone. */
export function replaceAll(doc: Document, by: Workflow, label: string): void {
  doc.edit(label, (edit) => {
    rewrite(edit, [], doc.raw, by);
  });
}

/** Set only what differs: lists of one length and objects are entered, so that what stays is not touched. */
function rewrite(edit: Edit, path: Path, now: Json | undefined, then: Json | undefined): void {
  if (Object.is(now, then)) return;
  const lists = Array.isArray(now) && Array.isArray(then) && now.length === then.length;
  if (!lists && !(isObject(now) && isObject(then))) {
    edit.set(path, then);
    return;
  }
  for (const key of new Set([...Object.keys(now), ...Object.keys(then)])) {
    rewrite(edit, [...path, lists ? Number(key) : key], (now as JsonObject)[key], (then as JsonObject)[key]);
  }
}

const AUTOSAVE = "loom.autosave";

/** Whether saved workflows follow their documents by themselves. */
export const autosaves = (): boolean => localStorage.getItem(AUTOSAVE) !== "off";

export function toggleAutosave(app: App): void {
  void app.settings.set(AUTOSAVE, autosaves() ? "off" : "on");
  toast(autosaves() ? t("Saved workflows save themselves again.") : t("Workflows are saved only by hand now. The browser still keeps every change."));
}
