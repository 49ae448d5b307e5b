/**
 * The work journal: every patch is on disk before the frame ends, so a reload or a crash loses
 * nothing.
 *
 * A snapshot of the document and a tail of numbered operations after it; restoring applies those
 * with a higher number than the snapshot's. The tail stands in localStorage, whose writes are
 * synchronous; large snapshots go to IndexedDB. Each browser tab has a journal of its own.
 */
import { type Json, type JsonObject, isObject, parseJson, stringifyJson } from "../model/json";
import { apply as applyOp, type Op } from "../model/patch";
import { asWorkflow, type Workflow } from "../model/workflow";

/** What belongs to the open document besides its JSON. */
export interface Meta extends JsonObject {
  name: string;
  /** Where it is saved on the server; null if it never was. */
  path: string | null;
  /** Jobs it queued, newest last. */
  jobs: string[];
  saved: boolean;
  view: number[] | null;
}

/** The synchronous half; localStorage has this shape. */
export interface TextStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The half for large texts; IndexedDB behind two functions. */
export interface BigStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

const SMALL = 1_000_000;
const TAIL_LIMIT = 100_000;
const KEPT_TABS = 6;

export class Journal {
  private seq = 0;
  /** Counts opened documents: operations never apply to the snapshot of another one. */
  private epoch = 0;
  private tail = "";
  private raw: Workflow | null = null;

  constructor(
    private readonly store: TextStore,
    private readonly big: BigStore,
    private readonly tab: string,
    /** Called when even the tail cannot be written, so that the user learns of it. */
    private readonly failed: (reason: string) => void,
  ) {}

  /** The document of this tab, or of the tab that wrote last if this one is new. */
  async restore(): Promise<{ raw: Workflow; meta: Meta } | null> {
    const latest = this.store.getItem("loom.latest");
    for (const tab of new Set([this.tab, latest])) {
      const found = tab === null ? null : await this.read(tab);
      if (found) return found;
    }
    return null;
  }

  /** Another document is open from now on. */
  open(raw: Workflow, meta: Meta): void {
    this.raw = raw;
    this.epoch++;
    this.snapshot();
    this.writeMeta(meta);
    this.claim();
  }

  /** Write operations behind the last ones. */
  append(ops: readonly Op[]): void {
    this.seq++;
    this.tail += `${stringifyJson({ epoch: this.epoch, seq: this.seq, ops: ops as unknown as Json })}\n`;
    if (this.tail.length > TAIL_LIMIT) this.snapshot();
    else this.write(this.key("tail"), this.tail);
  }

  writeMeta(meta: Meta): void {
    this.write(this.key("meta"), stringifyJson(meta));
    this.write("loom.latest", this.tab);
  }

  private key(what: string, tab = this.tab): string {
    return `loom.${what}.${tab}`;
  }

  private snapshot(): void {
    if (!this.raw) return;
    const { seq, epoch } = this;
    const text = stringifyJson({ epoch, seq, raw: this.raw });
    if (text.length <= SMALL && this.write(this.key("doc"), text)) {
      this.clearTail();
      return;
    }
    // Until the large store has it, the tail goes on and the older snapshot stays valid.
    this.big.put(this.key("doc"), text).then(
      () => {
        this.store.removeItem(this.key("doc"));
        if (seq === this.seq) this.clearTail();
      },
      () => {
        this.failed("This browser does not let the page store the workflow. Save it to a file.");
      },
    );
  }

  private clearTail(): void {
    this.tail = "";
    this.store.removeItem(this.key("tail"));
  }

  private async read(tab: string): Promise<{ raw: Workflow; meta: Meta } | null> {
    try {
      const text = this.store.getItem(this.key("doc", tab)) ?? (await this.big.get(this.key("doc", tab)));
      const meta = parseJson(this.store.getItem(this.key("meta", tab)) ?? "null");
      const doc = text === null ? null : parseJson(text);
      if (!isObject(doc) || !isObject(meta) || doc["raw"] === undefined) return null;
      const raw = asWorkflow(doc["raw"]);
      this.seq = Number(doc["seq"] ?? 0);
      this.epoch = Number(doc["epoch"] ?? 0);
      replay(raw, this.store.getItem(this.key("tail", tab)) ?? "", this.epoch, this.seq);
      return { raw, meta: meta as Meta };
    } catch {
      return null;
    }
  }

  private write(key: string, value: string): boolean {
    try {
      this.store.setItem(key, value);
      return true;
    } catch {
      if (key === this.key("tail")) this.failed("The browser's storage is full: changes are no longer kept over a reload. Save the workflow to a file.");
      return false;
    }
  }

  /** Forget the journals of tabs that are long gone. */
  private claim(): void {
    const known = (this.store.getItem("loom.tabs") ?? "").split(" ").filter((tab) => tab && tab !== this.tab);
    const kept = [...known, this.tab].slice(-KEPT_TABS);
    for (const tab of known.filter((old) => !kept.includes(old))) {
      for (const what of ["doc", "tail", "meta"]) this.store.removeItem(this.key(what, tab));
    }
    this.write("loom.tabs", kept.join(" "));
  }
}

function replay(raw: Workflow, tail: string, epoch: number, after: number): void {
  for (const line of tail.split("\n")) {
    const entry = line === "" ? null : parseJson(line);
    if (!isObject(entry) || entry["epoch"] !== epoch || Number(entry["seq"]) <= after) continue;
    for (const op of entry["ops"] as unknown as Op[]) applyOp(raw, op);
  }
}
