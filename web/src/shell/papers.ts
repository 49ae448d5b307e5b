/**
 * The open documents of this browser tab.
 *
 * Invariant: every open document has a journal of its own and keeps its undo, marks, selection
 * and view while another is shown; which ones are open is written down with every change of that,
 * so a reload brings the same tabs back.
 */
import { t } from "../i18n";
import type { Marks } from "../canvas/scene";
import { Document } from "../model/document";
import { isObject, parseJson, stringifyJson } from "../model/json";
import { type Key, keyOf, type Workflow } from "../model/workflow";
import { Journal, type Meta, type PaperStore, restorePaper } from "../net/journal";
import { uuid } from "./identity";
import { toast, ui } from "./ui";

/** Another version of a saved file that someone else wrote. */
export interface Conflict {
  etag: string;
  text: string;
}

/** A document with all that belongs to it. */
export interface Session {
  readonly id: string;
  readonly doc: Document;
  readonly meta: Meta;
  readonly marks: Marks;
  readonly journal: Journal;
  selection: Key[];
  /** Share of its running job; null while none runs. */
  progress: number | null;
  /** Results of earlier runs were fetched. */
  settled: boolean;
  conflict: Conflict | null;
}

/** What the papers need of the page around them. */
export interface Desk {
  readonly tab: string;
  /** Put a document on the canvas. */
  show(session: Session): void;
  /** A document was opened; it may be in the background. */
  opened(session: Session): void;
  changed(session: Session, change: Parameters<Parameters<Document["onChange"]>[0]>[0]): void;
}

interface WindowRecord {
  papers: string[];
  active: string;
}

const CLOSED = "loom.closed";
const KEPT_CLOSED = 30;

export const freshMeta = (name: string, path: string | null = null, etag: string | null = null): Meta => ({
  name,
  path,
  etag,
  jobs: [],
  saved: true,
  view: null,
});

export class Papers {
  readonly open: Session[] = [];
  active: Session;
  private asked = 0;

  constructor(
    private readonly store: PaperStore,
    private readonly desk: Desk,
    first: { doc: Document; meta: Meta },
  ) {
    this.active = this.session(uuid(), first.doc, first.meta);
  }

  /** Put the first document on the desk when there was none to bring back. */
  start(): void {
    this.active.journal.begin(soon);
    this.take(this.active);
    this.activate(this.active);
  }

  /** Open a document in a tab of its own; one that nobody touched makes room for it. */
  add(raw: Workflow, meta: Meta): Session {
    const untouched = this.isUntouched(this.active) ? this.active : null;
    const session = this.session(uuid(), new Document(raw), meta);
    session.journal.begin(soon);
    this.take(session, untouched ? this.open.indexOf(untouched) : this.open.indexOf(this.active) + 1);
    this.activate(session);
    if (untouched) this.forget(untouched);
    return session;
  }

  activate(session: Session): void {
    this.active = session;
    this.desk.show(session);
    this.remember();
  }

  /** Show the tab `by` places further, around the end. */
  step(by: number): void {
    const at = this.open.indexOf(this.active) + by;
    const next = this.open[(at + this.open.length) % this.open.length];
    if (next) this.activate(next);
  }

  /** Put a tab at another place. */
  move(session: Session, to: number): void {
    this.open.splice(this.open.indexOf(session), 1);
    this.open.splice(to, 0, session);
    this.remember();
  }

  /** Close a tab. Its journal stays, so that it can be opened again. */
  close(session: Session, fallback: () => Workflow): void {
    const at = this.open.indexOf(session);
    if (this.open.length === 1) {
      const empty = this.session(uuid(), new Document(fallback()), freshMeta("Untitled"));
      empty.journal.begin(soon);
      this.take(empty);
    }
    this.open.splice(this.open.indexOf(session), 1);
    const next = this.open[Math.min(at, this.open.length - 1)];
    if (session === this.active && next) this.activate(next);
    else this.remember();
    this.keepClosed(session);
  }

  /** Bring back the tab that was closed last. */
  async reopen(id = closedPapers()[0]): Promise<void> {
    if (id === undefined) return;
    localStorage.setItem(CLOSED, JSON.stringify(closedPapers().filter((other) => other !== id)));
    const session = await this.revive(id);
    if (!session) return;
    this.take(session, this.open.indexOf(this.active) + 1);
    this.activate(session);
  }

  /** The tabs of before: this browser tab's own, or those of one that is gone. */
  async restore(owner: string): Promise<boolean> {
    const record = windowRecord(owner);
    if (!record) return false;
    const found = await Promise.all(record.papers.map((id) => this.revive(id)));
    const sessions = found.filter((session) => session !== null);
    for (const session of sessions) this.take(session);
    if (owner !== this.desk.tab) localStorage.removeItem(windowKey(owner));
    const shown = sessions.find((session) => session.id === record.active) ?? sessions[0];
    if (shown) this.activate(shown);
    return shown !== undefined;
  }

  /** The same documents under new ids, for a browser tab that was made as a copy of another. */
  async fork(tab: string): Promise<void> {
    const ids = new Map(this.open.map((session) => [session.id, uuid()]));
    for (const session of this.open) {
      const text = stringifyJson({ seq: 0, raw: session.doc.raw, history: { done: [], undone: [] } });
      const id = ids.get(session.id) ?? "";
      await this.store.write(id, { snapshot: { seq: 0, text }, meta: stringifyJson(session.meta) });
    }
    this.writeRecord(tab, [...ids.values()], ids.get(this.active.id) ?? "");
  }

  /** Ask for the tabs to be drawn again; many requests are one. */
  touch(): void {
    if (this.asked) return;
    this.asked = window.setTimeout(() => {
      this.asked = 0;
      this.publish();
    }, 100);
  }

  find(id: string): Session | undefined {
    return this.open.find((session) => session.id === id);
  }

  private session(id: string, doc: Document, meta: Meta): Session {
    const journal = new Journal(this.store, id, doc, meta, (reason) => {
      toast(reason, "error");
    });
    return { id, doc, meta, marks: new Map(), journal, selection: [], progress: null, settled: false, conflict: null };
  }

  private take(session: Session, at = this.open.length): void {
    this.open.splice(at, 0, session);
    session.doc.onChange((change) => {
      session.journal.append(change);
      this.desk.changed(session, change);
    });
    this.desk.opened(session);
  }

  private async revive(id: string): Promise<Session | null> {
    const kept = await restorePaper(this.store, id).catch(() => null);
    if (!kept) return null;
    const session = this.session(id, kept.doc, { ...freshMeta(""), ...kept.meta });
    session.journal.resume(kept.seq, kept.tail);
    return session;
  }

  private isUntouched({ doc, meta }: Session): boolean {
    return !doc.canUndo && !doc.canRedo && meta.path === null && meta.jobs.length === 0 && meta.saved;
  }

  private forget(session: Session): void {
    this.open.splice(this.open.indexOf(session), 1);
    this.remember();
    void this.store.drop(session.id).catch(() => undefined);
  }

  private keepClosed(session: Session): void {
    if (this.isUntouched(session)) {
      void this.store.drop(session.id).catch(() => undefined);
      return;
    }
    const closed = [session.id, ...closedPapers()];
    for (const old of closed.slice(KEPT_CLOSED)) void this.store.drop(old).catch(() => undefined);
    localStorage.setItem(CLOSED, JSON.stringify(closed.slice(0, KEPT_CLOSED)));
    toast(t("Closed {name}. Nothing of it is lost.", { name: session.meta.name }), "info", {
      label: t("Open it again"),
      run: () => void this.reopen(session.id),
    });
  }

  private remember(): void {
    this.writeRecord(this.desk.tab, this.open.map((session) => session.id), this.active.id);
    this.publish();
  }

  private writeRecord(tab: string, papers: string[], active: string): void {
    try {
      localStorage.setItem(windowKey(tab), JSON.stringify({ papers, active }));
      localStorage.setItem("loom.latest", tab);
    } catch {
      toast(t("The browser's storage is full: open tabs are not remembered over a reload."), "error");
    }
  }

  private publish(): void {
    ui.tabs.value = this.open.map((session) => ({
      id: session.id,
      name: session.meta.name,
      saved: session.meta.saved,
      active: session === this.active,
      progress: session.progress,
      alarm: session.conflict !== null,
    }));
  }
}

/** Keys of the nodes that a document's jobs may report on. */
export const nodeKeys = (doc: Document): Key[] => doc.raw.nodes.map((node) => keyOf(node.id));

/** Documents that were closed, newest first. */
export function closedPapers(): string[] {
  const list: unknown = JSON.parse(localStorage.getItem(CLOSED) ?? "[]");
  return Array.isArray(list) ? list.map(String) : [];
}

const windowKey = (tab: string): string => `loom.window.${tab}`;

function windowRecord(tab: string): WindowRecord | null {
  const text = localStorage.getItem(windowKey(tab));
  const record = text === null ? null : parseJson(text);
  return isObject(record) && Array.isArray(record["papers"]) ? (record as unknown as WindowRecord) : null;
}

/** Let the page show the document first. */
const soon = (run: () => void): void => {
  setTimeout(run, 30);
};
