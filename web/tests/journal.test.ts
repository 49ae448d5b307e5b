import { describe, expect, it } from "vitest";
import { moveNodes, removeNodes, setWidget } from "../src/model/actions";
import type { Document } from "../src/model/document";
import { cloneJson, parseJson, sameJson } from "../src/model/json";
import { asWorkflow } from "../src/model/workflow";
import { Journal, type Meta, type PaperStore, restorePaper } from "../src/net/journal";
import { MemoryPapers } from "../src/net/paperdb";
import { replaceAll } from "../src/shell/saving";
import { difference } from "../src/shell/versions";
import { defaultDocument, specs } from "./setup";

const meta = (): Meta => ({ name: "n", path: null, etag: null, jobs: ["j"], saved: false, view: [1, 2, 3] });
const atOnce = (run: () => void): void => {
  run();
};

function kept(doc: Document, store: PaperStore = new MemoryPapers(), said: string[] = []): PaperStore {
  const journal = new Journal(store, "paper", doc, meta(), (reason) => said.push(reason));
  journal.begin(atOnce);
  doc.onChange((change) => {
    journal.append(change);
  });
  return store;
}

function edits(doc: Document): void {
  moveNodes(doc, new Map([["1", { x: 7, y: 8 }]]), "drag");
  moveNodes(doc, new Map([["1", { x: 9, y: 8 }]]), "drag");
  doc.endGesture();
  setWidget(doc, specs, "5", "seed", 18446744073709551615n);
  removeNodes(doc, ["9"]);
  removeNodes(doc, ["8"]);
  doc.undo();
  doc.undo();
  doc.redo();
}

describe("the journal", () => {
  it("gives back the document, and every step of the way back and forth", async () => {
    const doc = defaultDocument();
    const store = kept(doc);
    edits(doc);
    const found = await restorePaper(store, "paper");
    expect(found?.meta).toEqual(meta());
    const again = found?.doc as Document;
    expect(sameJson(again.raw, doc.raw)).toBe(true);
    for (const way of ["redo", "undo", "undo", "undo", "redo"] as const) {
      expect(again[way]()).toBe(doc[way]());
      expect(sameJson(again.raw, doc.raw)).toBe(true);
    }
    expect(sameJson(again.raw, defaultDocument().raw)).toBe(false);
  });

  it("a snapshot takes the place of a long tail, and keeps undo", async () => {
    const doc = defaultDocument();
    const store = kept(doc);
    for (let i = 0; i < 3000; i++) moveNodes(doc, new Map([["1", { x: i, y: 0 }]]), null);
    expect((await store.read("paper"))?.changes.length).toBeLessThan(2000);
    const found = await restorePaper(store, "paper");
    expect(sameJson(found?.doc.raw ?? null, cloneJson(doc.raw))).toBe(true);
    doc.undo();
    found?.doc.undo();
    expect(sameJson(found?.doc.raw ?? null, doc.raw)).toBe(true);
  });

  it("writes the first snapshot with the first change, if that comes early", async () => {
    const doc = defaultDocument();
    const store = new MemoryPapers();
    const journal = new Journal(store, "paper", doc, meta(), () => undefined);
    journal.begin(() => undefined);
    expect(await restorePaper(store, "paper")).toBeNull();
    doc.onChange((change) => {
      journal.append(change);
    });
    moveNodes(doc, new Map([["1", { x: 7, y: 8 }]]), null);
    expect(sameJson((await restorePaper(store, "paper"))?.doc.raw ?? null, doc.raw)).toBe(true);
  });

  it("numbers go on after a restore, so that nothing is overwritten", async () => {
    const doc = defaultDocument();
    const store = kept(doc);
    edits(doc);
    const found = await restorePaper(store, "paper");
    if (!found) throw new Error("nothing was kept");
    const journal = new Journal(store, "paper", found.doc, found.meta, () => undefined);
    journal.resume(found.seq, found.tail);
    found.doc.onChange((change) => {
      journal.append(change);
    });
    setWidget(found.doc, specs, "5", "steps", 3);
    const last = await restorePaper(store, "paper");
    expect(sameJson(last?.doc.raw ?? null, found.doc.raw)).toBe(true);
  });

  it("says so when the storage is full", async () => {
    const said: string[] = [];
    const full = new MemoryPapers();
    full.write = () => Promise.reject(new DOMException("no room", "QuotaExceededError"));
    kept(defaultDocument(), full, said);
    await Promise.resolve();
    await Promise.resolve();
    expect(said[0]).toMatch(/storage is full.*Save/);
  });
});

describe("another version of a document", () => {
  it("replaces it in one step that undo takes back", () => {
    const doc = defaultDocument();
    const mine = cloneJson(doc.raw);
    const theirs = asWorkflow(parseJson(JSON.stringify({ nodes: [], links: [], other: 1 })));
    expect(difference(doc.raw, theirs)).toBe(`${String(doc.raw.nodes.length)} fewer than now`);
    replaceAll(doc, theirs, "Take theirs");
    expect(sameJson(doc.raw, theirs)).toBe(true);
    doc.undo();
    expect(sameJson(doc.raw, mine)).toBe(true);
    expect(difference(doc.raw, asWorkflow(mine))).toBe("the same nodes as now");
  });
});
