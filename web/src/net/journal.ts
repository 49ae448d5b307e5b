/**
 * The work journal of one document: every change is handed to the disk before its frame ends, so
 * a reload or a crash loses nothing, the way back included.
 *
 * A snapshot of the document with its history, and numbered changes after it; restoring lives
 * through those with a higher number than the snapshot's. A snapshot and the removal of the
 * changes it contains are one transaction, so that there is always one whole state.
 */
import { t } from "../i18n";
import type { Change, Step, Steps } from "../model/document";
import { Document } from "../model/document";
import { type Json, type JsonObject, isObject, parseJson, stringifyJson } from "../model/json";
import type { Op, Patch } from "../model/patch";
import { asWorkflow } from "../model/workflow";

/** What belongs to a document besides its JSON. */
export interface Meta extends JsonObject {
  name: string;
  /** Where it is saved on the server; null if it never was. */
  path: string | null;
  /** The server's ETag of the version this one grew from. */
  etag: string | null;
  /** Jobs it queued, newest last. */
  jobs: string[];
  saved: boolean;
  view: number[] | null;
  /** The sweep it started last. */
  sweep?: string;
}

/** What the store has of a document. */
export interface Kept {
  snapshot: string;
  /** Changes behind the snapshot, in order. */
  changes: string[];
  meta: string;
}

/** What one transaction writes; a snapshot takes the place of the changes up to its number. */
export interface Writing {
  meta?: string;
  change?: { seq: number; text: string };
  snapshot?: { seq: number; text: string };
}

/** Where journals are kept; IndexedDB in the page. */
export interface PaperStore {
  read(paper: string): Promise<Kept | null>;
  write(paper: string, what: Writing): Promise<void>;
  drop(paper: string): Promise<void>;
}

const TAIL_LIMIT = 200_000;
const KEPT_STEPS = 100;
const HISTORY_LIMIT = 400_000;

export class Journal {
  private seq = 0;
  private tail = 0;
  private pending = false;

  constructor(
    private readonly store: PaperStore,
    readonly paper: string,
    private readonly doc: Document,
    private readonly meta: Meta,
    /** Called with a sentence when the store takes nothing more. */
    private readonly failed: (reason: string) => void,
  ) {}

  /** Go on behind a restored state, so that new changes get higher numbers. */
  resume(seq: number, tail: number): void {
    this.seq = seq;
    this.tail = tail;
  }

  /** A document that no store knows: written as a whole once the page had time to show it. */
  begin(later: (run: () => void) => void): void {
    this.pending = true;
    this.put({ meta: stringifyJson(this.meta) });
    later(() => {
      if (this.pending) this.snapshot();
    });
  }

  /** Keep a change. */
  append(change: Change): void {
    this.seq++;
    const entry = { seq: this.seq, step: change.step, label: change.label, ops: change.ops as unknown as Json };
    const text = stringifyJson(entry);
    this.tail += text.length;
    if (this.pending || this.tail > TAIL_LIMIT) this.snapshot();
    else this.put({ change: { seq: this.seq, text } });
  }

  writeMeta(): void {
    this.put({ meta: stringifyJson(this.meta) });
  }

  private snapshot(): void {
    const { seq, doc } = this;
    this.pending = false;
    this.tail = 0;
    const history = trimmed(doc.steps);
    const text = stringifyJson({ seq, raw: doc.raw, history: history as unknown as Json });
    this.put({ snapshot: { seq, text }, meta: stringifyJson(this.meta) });
  }

  private put(what: Writing): void {
    this.store.write(this.paper, what).catch((error: unknown) => {
      const full = error instanceof Error && /quota/i.test(`${error.name} ${error.message}`);
      const reason = full ? t("The browser's storage is full") : t("This browser does not let the page store its work");
      this.failed(t("{reason}: changes are no longer kept over a reload. Save the workflow to a file.", { reason }));
    });
  }
}

/** A document as it was at its last change; null if the store does not have all of it. */
export async function restorePaper(
  store: PaperStore,
  paper: string,
): Promise<{ doc: Document; meta: Meta; seq: number; tail: number } | null> {
  const kept = await store.read(paper);
  if (!kept) return null;
  const meta = parseJson(kept.meta);
  const start = parseJson(kept.snapshot);
  if (!isObject(meta) || !isObject(start) || start["raw"] === undefined) return null;
  const doc = new Document(asWorkflow(start["raw"]));
  doc.recall(start["history"] as unknown as Steps);
  let seq = Number(start["seq"]);
  for (const text of kept.changes) {
    const entry = parseJson(text);
    if (!isObject(entry) || Number(entry["seq"]) <= seq) continue;
    seq = Number(entry["seq"]);
    doc.replay(entry["ops"] as unknown as Op[], entry["step"] as Step, String(entry["label"] as string));
  }
  return { doc, meta: meta as Meta, seq, tail: kept.changes.reduce((sum, text) => sum + text.length, 0) };
}

/** The last steps, as many as are cheap to keep. */
function trimmed({ done, undone }: Readonly<Steps>): Steps {
  const newest: Patch[] = [];
  let size = 0;
  for (const patch of done.slice(-KEPT_STEPS).reverse()) {
    size += stringifyJson(patch as unknown as Json).length;
    if (size > HISTORY_LIMIT) break;
    newest.unshift(patch);
  }
  return { done: newest, undone: undone.slice(-KEPT_STEPS) };
}
