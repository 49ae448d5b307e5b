import { describe, expect, it } from "vitest";
import { addNode, connectNodes, dissolve, moveNodes, removeNodes, renameNode, setWidget, toggleMode } from "../src/model/actions";
import { adopt } from "../src/model/adopt";
import { compare, placeOf, type Unit } from "../src/model/compare";
import { definitionPaths, Document } from "../src/model/document";
import { addGroup, removeGroup, setGroup } from "../src/model/groups";
import { cloneJson, sameJson } from "../src/model/json";
import { hunksOf } from "../src/model/hunks";
import { isLayout, merge } from "../src/model/merge";
import { createSubgraph, promoteWidget } from "../src/model/subgraphs";
import { withSubgraphs } from "../src/model/subgraphspec";
import { cut, reaches, whyNot } from "../src/model/wiring";
import { groupsOf, keyOf, Mode } from "../src/model/workflow";
import { defaultDocument, seeded, specs } from "./setup";

const copyOf = (doc: Document): Document => new Document(cloneJson(doc.file));
const places = (units: readonly Unit[]): string[] => units.map(placeOf).sort();

/** Every wire is listed at both ends and nothing else is; no wire closes a loop. */
function checkWires(doc: Document): void {
  const ids = new Set(doc.links().map((link) => keyOf(link.id)));
  for (const link of doc.links()) {
    expect(doc.node(link.to)?.inputs?.[link.toSlot]?.link).toBe(link.id);
    expect(doc.node(link.from)?.outputs?.[link.fromSlot]?.links).toContain(link.id);
    expect(reaches(doc, link.to, link.from)).toBe(false);
  }
  for (const node of doc.raw.nodes) {
    for (const slot of node.inputs ?? []) if (slot.link != null) expect(ids.has(keyOf(slot.link))).toBe(true);
    for (const slot of node.outputs ?? []) for (const id of slot.links ?? []) expect(ids.has(keyOf(id))).toBe(true);
  }
}

/** Some edits, chosen by chance, as a user makes them. */
function edits(doc: Document, random: () => number, count: number): void {
  const pick = <T,>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const types = ["KSampler", "CLIPTextEncode", "VAEDecode", "LoadImage", "ImageScale"];
  for (let i = 0; i < count; i++) {
    const keys = doc.raw.nodes.map((node) => keyOf(node.id));
    const spec = specs.get(pick(types));
    const moves: (() => unknown)[] = [
      () => spec && addNode(doc, spec, { x: random() * 900, y: 0 }, [200, 100]),
      () => removeNodes(doc, keys.length > 4 ? [pick(keys)] : []),
      () => moveNodes(doc, new Map([[pick(keys), { x: random() * 100, y: i }]]), null),
      () => toggleMode(doc, [pick(keys)], Mode.Bypass),
      () => renameNode(doc, pick(keys), `name ${String(random())}`),
      () => setWidget(doc, specs, pick(keys), pick(["seed", "steps", "text", "width"]), Math.floor(random() * 99)),
      () => dissolve(doc, specs, keys.length > 5 ? [pick(keys)] : []),
      () => addGroup(doc, [0, 0, random() * 100, 50], `group ${String(i)}`),
      () => groupsOf(doc.raw).length > 0 && (random() < 0.5 ? removeGroup(doc, 0) : setGroup(doc, 0, "Rename", { title: `g${String(i)}` })),
      () => doc.links().length > 0 && doc.edit("Cut", (edit) => {
        cut(edit, doc, keyOf(pick(doc.links()).id));
      }),
      () => {
        const [from, to] = [pick(keys), pick(keys)];
        const name = pick(doc.node(to)?.inputs ?? [])?.name ?? "";
        if (whyNot(doc, specs, { node: from, slot: 0 }, { node: to, name }) === null) connectNodes(doc, specs, { node: from, slot: 0 }, { node: to, name });
      },
    ];
    pick(moves)();
  }
}

function two(seed: number, count: number): { here: Document; there: Document; random: () => number } {
  const random = seeded(seed);
  const here = defaultDocument();
  edits(here, random, 6);
  const there = copyOf(here);
  edits(there, random, count);
  edits(here, random, count);
  return { here, there, random };
}

describe("the difference of two versions", () => {
  it("is empty for a file and itself, and says nothing of link ids", () => {
    const [a, b] = [defaultDocument(), defaultDocument()];
    expect(compare(a, b)).toEqual([]);
    b.edit("Cut and wire again", (edit) => {
      cut(edit, b, keyOf(b.links()[0]?.id ?? ""));
    });
    b.undo();
    const [link] = a.links();
    connectNodes(b, specs, { node: link?.from ?? "", slot: link?.fromSlot ?? 0 }, { node: link?.to ?? "", name: b.node(link?.to ?? "")?.inputs?.[link?.toSlot ?? 0]?.name ?? "" });
    expect(compare(a, b)).toEqual([]);
  });

  it("taken as a whole makes both the same, over 150 pairs of random versions", () => {
    for (let seed = 0; seed < 150; seed++) {
      const { here, there } = two(seed, 12);
      const before = cloneJson(here.file);
      adopt(here, there, specs, compare(here, there), "Take all");
      expect(places(compare(here, there)), `seed ${String(seed)}`).toEqual([]);
      checkWires(here);
      here.undo();
      expect(sameJson(here.file, before)).toBe(true);
    }
  });

  it("taken unit by unit in any order ends the same, and each step leaves a sound graph", () => {
    for (let seed = 200; seed < 260; seed++) {
      const { here, there, random } = two(seed, 8);
      for (let step = 0; step < 200; step++) {
        const units = compare(here, there);
        if (units.length === 0) break;
        adopt(here, there, specs, [units[Math.floor(random() * units.length)] as Unit], "Take");
        checkWires(here);
      }
      expect(places(compare(here, there)), `seed ${String(seed)}`).toEqual([]);
    }
  });

  it("brings a subgraph along with its instance, and goes inside those that both have", () => {
    const [here, there] = [defaultDocument(), defaultDocument()];
    const key = createSubgraph(there, specs, ["5", "6"]) ?? "";
    promoteWidget(there.inside(there.node(key)?.type ?? ""), specs, "5", "steps");
    adopt(here, there, withSubgraphs(specs, there), compare(here, there), "Take all");
    expect(places(compare(here, there))).toEqual([]);
    expect([...definitionPaths(here.file).keys()]).toEqual([...definitionPaths(there.file).keys()]);
    const type = here.node(key)?.type ?? "";
    setWidget(there.inside(type), specs, "5", "steps", 7);
    const units = compare(here, there);
    expect(units.map((unit) => [unit.kind, unit.level])).toEqual([["field", type]]);
    adopt(here, there, specs, units, "Take");
    expect(compare(here, there)).toEqual([]);
  });
});

describe("a merge", () => {
  const base = defaultDocument();
  const versions = (mine: (doc: Document) => void, theirs: (doc: Document) => void) => {
    const [a, b] = [copyOf(base), copyOf(base)];
    mine(a);
    theirs(b);
    return merge(base.file, a.file, b.file, specs);
  };

  it("keeps both when they changed different things", () => {
    const { raw, clashes } = versions(
      (doc) => {
        setWidget(doc, specs, "5", "steps", 7);
        renameNode(doc, "2", "What I want");
      },
      (doc) => {
        setWidget(doc, specs, "5", "cfg", 3.5);
        removeNodes(doc, ["9"]);
        addGroup(doc, [0, 0, 10, 10], "Theirs");
      },
    );
    const doc = new Document(raw);
    expect(clashes.size).toBe(0);
    expect(doc.node("5")?.["widgets_values"]).toEqual(expect.arrayContaining([7, 3.5]));
    expect([doc.node("2")?.title, doc.node("9"), groupsOf(raw).at(-1)?.title]).toEqual(["What I want", undefined, "Theirs"]);
  });

  it("leaves mine where both changed the same, and names the place", () => {
    const { raw, clashes } = versions(
      (doc) => setWidget(doc, specs, "5", "steps", 7),
      (doc) => setWidget(doc, specs, "5", "steps", 9),
    );
    expect(new Document(raw).node("5")?.["widgets_values"]).toContain(7);
    expect([...clashes]).toEqual([expect.stringMatching(/^field\n\n5\nwidgets_values/)]);
  });

  it("keeps a node that one removed and the other works on, and says so", () => {
    const change = (doc: Document): void => {
      setWidget(doc, specs, "5", "steps", 7);
    };
    const remove = (doc: Document): void => {
      removeNodes(doc, ["5"]);
    };
    const [kept, gone] = [versions(change, remove), versions(remove, change)];
    expect(new Document(kept.raw).node("5")?.["widgets_values"]).toContain(7);
    expect(new Document(gone.raw).node("5")).toBeUndefined();
    expect([kept.clashes.has("node\n\n5"), gone.clashes.size]).toEqual([true, 1]);
  });

  it("is silent where both changed the same to the same, and where only looks differ", () => {
    const move = (x: number) => (doc: Document) => {
      moveNodes(doc, new Map([["5", { x, y: 1 }]]), null);
      setWidget(doc, specs, "5", "steps", 9);
    };
    expect(versions(move(1), move(2)).clashes.size).toBe(0);
  });

  it("gives another id to a node of theirs whose id mine took", () => {
    const add = (type: string) => (doc: Document) => {
      const spec = specs.get(type);
      if (!spec) throw new Error(`fixture lacks ${type}`);
      const key = addNode(doc, spec, { x: 0, y: 0 }, [200, 100]);
      if (type === "VAEDecode") connectNodes(doc, specs, { node: "5", slot: 0 }, { node: key, name: "samples" });
    };
    const { raw, clashes } = versions(add("KSampler"), add("VAEDecode"));
    const doc = new Document(raw);
    const added = raw.nodes.slice(base.file.nodes.length).map(({ type }) => type);
    expect([added, clashes.size]).toEqual([["KSampler", "VAEDecode"], 0]);
    const key = keyOf(raw.nodes.at(-1)?.id ?? "");
    expect(doc.linksOf(key).map(({ from, to }) => [from, to])).toEqual([["5", key]]);
    checkWires(doc);
  });

  it("does not let two harmless wires close a loop", () => {
    const twice = (from: string, to: string) => (doc: Document) => {
      connectNodes(doc, specs, { node: from, slot: 0 }, { node: to, name: "image" });
    };
    const start = copyOf(base);
    const spec = specs.get("ImageScale");
    if (!spec) throw new Error("fixture lacks ImageScale");
    const [a, b] = [addNode(start, spec, { x: 0, y: 0 }, [1, 1]), addNode(start, spec, { x: 0, y: 0 }, [1, 1])];
    const [mine, theirs] = [copyOf(start), copyOf(start)];
    twice(a, b)(mine);
    twice(b, a)(theirs);
    const { raw, clashes } = merge(start.file, mine.file, theirs.file, specs);
    checkWires(new Document(raw));
    expect([...clashes]).toEqual([`wire\n\n${a}\nimage`]);
  });

  it("of random versions has everything of theirs or names the place, and loses nothing of mine", () => {
    for (let seed = 400; seed < 480; seed++) {
      const random = seeded(seed);
      const start = defaultDocument();
      edits(start, random, 5);
      const [mine, theirs] = [copyOf(start), copyOf(start)];
      edits(mine, random, 8);
      edits(theirs, random, 8);
      const [a, b, c] = [start, mine, theirs].map((doc) => cloneJson(doc.file));
      const result = merge(start.file, mine.file, theirs.file, specs);
      expect([start, mine, theirs].every((doc, i) => sameJson(doc.file, [a, b, c][i]))).toBe(true);
      const merged = new Document(result.raw);
      checkWires(merged);
      const left = compare(merged, new Document(result.theirs)).filter((unit) => !isLayout(unit));
      const wanted = new Set(places(compare(start, new Document(result.theirs))));
      const dropped = places(left).filter((place) => wanted.has(place) && !result.clashes.has(place));
      expect(dropped, `seed ${String(seed)}`).toEqual([]);
      const own = new Set(places(compare(start, mine)));
      const lost = compare(merged, mine).filter((unit) => own.has(placeOf(unit)));
      expect(places(lost), `seed ${String(seed)}`).toEqual([]);
    }
  });
});

describe("what a person is shown", () => {
  it("is a node with its wires, then what differs, then what only looks different", () => {
    const [here, there] = [defaultDocument(), defaultDocument()];
    setWidget(there, specs, "5", "steps", 33);
    moveNodes(there, new Map([["2", { x: 1, y: 1 }]]), null);
    removeNodes(there, ["6"]);
    addGroup(there, [0, 0, 1, 1], "Notes");
    const hunks = hunksOf(here, there, specs);
    expect(hunks.map(({ kind, node }) => [kind, node])).toEqual([["here", "6"], ["changed", "5"], ["there", null], ["looks", "2"]]);
    const steps = hunks.find(({ node }) => node === "5")?.lines.join("\n");
    expect(steps).toMatch(/steps: \d+ → 33/);
    // The wires that the node had leave with it, so they are part of its hunk.
    expect(hunks[0]?.lines.some((line) => line.includes("→ nothing"))).toBe(true);
  });
});
