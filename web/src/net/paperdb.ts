/**
 * Journals in IndexedDB.
 *
 * Every write is committed in the task that made it: the browser process then has it, whatever
 * becomes of the page.
 */
import type { Kept, PaperStore, Writing } from "./journal";

const TABLES = ["snapshots", "changes", "metas", "texts"] as const;

/** A version of a document that was given a name, or a text that belongs to one. */
export interface TextStore {
  readText(key: string): Promise<string | null>;
  writeText(key: string, text: string | null): Promise<void>;
  /** Keys that begin with a prefix. */
  keys(prefix: string): Promise<string[]>;
}

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("IndexedDB failed"));
    };
  });

const finished = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error("IndexedDB failed"));
    };
  });

const behind = (paper: string, seq = Number.MAX_SAFE_INTEGER): IDBKeyRange => IDBKeyRange.bound([paper, 0], [paper, seq]);

export class PaperDb implements PaperStore, TextStore {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<PaperDb> {
    const opening = indexedDB.open("latent-loom-papers", 1);
    opening.onupgradeneeded = () => {
      for (const name of TABLES) opening.result.createObjectStore(name);
    };
    return new PaperDb(await asked(opening));
  }

  async read(paper: string): Promise<Kept | null> {
    const at = this.db.transaction(TABLES, "readonly");
    const [snapshot, changes, meta] = await Promise.all([
      asked(at.objectStore("snapshots").get(paper) as IDBRequest<string | undefined>),
      asked(at.objectStore("changes").getAll(behind(paper)) as IDBRequest<string[]>),
      asked(at.objectStore("metas").get(paper) as IDBRequest<string | undefined>),
    ]);
    return snapshot === undefined || meta === undefined ? null : { snapshot, changes, meta };
  }

  write(paper: string, { meta, change, snapshot }: Writing): Promise<void> {
    const at = this.begin();
    if (meta !== undefined) at.objectStore("metas").put(meta, paper);
    if (change) at.objectStore("changes").put(change.text, [paper, change.seq]);
    if (snapshot) {
      at.objectStore("snapshots").put(snapshot.text, paper);
      at.objectStore("changes").delete(behind(paper, snapshot.seq));
    }
    return commit(at);
  }

  drop(paper: string): Promise<void> {
    const at = this.begin();
    at.objectStore("snapshots").delete(paper);
    at.objectStore("metas").delete(paper);
    at.objectStore("changes").delete(behind(paper));
    at.objectStore("texts").delete(IDBKeyRange.bound(`${paper}/`, `${paper}/\uffff`));
    return commit(at);
  }

  async readText(key: string): Promise<string | null> {
    const text: unknown = await asked(this.db.transaction("texts").objectStore("texts").get(key));
    return typeof text === "string" ? text : null;
  }

  writeText(key: string, text: string | null): Promise<void> {
    const at = this.begin();
    if (text === null) at.objectStore("texts").delete(key);
    else at.objectStore("texts").put(text, key);
    return commit(at);
  }

  async keys(prefix: string): Promise<string[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return (await asked(this.db.transaction("texts").objectStore("texts").getAllKeys(range))) as string[];
  }

  private begin(): IDBTransaction {
    return this.db.transaction(TABLES, "readwrite");
  }
}

/** Do not wait for the requests to answer: the page may be gone by then. */
function commit(at: IDBTransaction): Promise<void> {
  const done = finished(at);
  at.commit();
  return done;
}

/** For browsers that refuse to store anything: this page's memory. */
export class MemoryPapers implements PaperStore, TextStore {
  private readonly papers = new Map<string, { snapshot: string | null; changes: Map<number, string>; meta: string }>();
  private readonly texts = new Map<string, string>();

  read(paper: string): Promise<Kept | null> {
    const kept = this.papers.get(paper);
    if (kept?.snapshot == null) return Promise.resolve(null);
    return Promise.resolve({ snapshot: kept.snapshot, changes: [...kept.changes.values()], meta: kept.meta });
  }

  write(paper: string, { meta, change, snapshot }: Writing): Promise<void> {
    const kept = this.papers.get(paper) ?? { snapshot: null, changes: new Map<number, string>(), meta: "null" };
    this.papers.set(paper, kept);
    if (meta !== undefined) kept.meta = meta;
    if (change) kept.changes.set(change.seq, change.text);
    if (snapshot) {
      kept.snapshot = snapshot.text;
      for (const seq of [...kept.changes.keys()]) if (seq <= snapshot.seq) kept.changes.delete(seq);
    }
    return Promise.resolve();
  }

  drop(paper: string): Promise<void> {
    this.papers.delete(paper);
    return Promise.resolve();
  }

  readText(key: string): Promise<string | null> {
    return Promise.resolve(this.texts.get(key) ?? null);
  }

  writeText(key: string, text: string | null): Promise<void> {
    if (text === null) this.texts.delete(key);
    else this.texts.set(key, text);
    return Promise.resolve();
  }

  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.texts.keys()].filter((key) => key.startsWith(prefix)));
  }
}
