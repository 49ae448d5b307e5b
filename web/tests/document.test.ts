import { describe, expect, it } from "vitest";
import { addNode, connectNodes, dissolve, moveNodes, removeNodes, resizeNode, setWidget, toggleCollapse, toggleMode, advanceControls } from "../src/model/actions";
import { copy, paste } from "../src/model/clipboard";
import { Document } from "../src/model/document";
import { cloneJson, type Json, type JsonObject, parseJson, sameJson, stringifyJson } from "../src/model/json";
import { apply, invert, mergeOps, type Op } from "../src/model/patch";
import { whyNot } from "../src/model/wiring";
import { asWorkflow, keyOf, Mode } from "../src/model/workflow";
import { defaultDocument, fileJson, seeded, specs } from "./setup";

const spec = (type: string) => {
  const found = specs.get(type);
  if (!found) throw new Error(`fixture lacks ${type}`);
  return found;
};

/** Every wire is listed at both of its ends, and nothing else is. */
function checkWires(doc: Document): void {
  for (const link of doc.links()) {
    expect(doc.node(link.to)?.inputs?.[link.toSlot]?.link).toBe(link.id);
    expect(doc.node(link.from)?.outputs?.[link.fromSlot]?.links).toContain(link.id);
  }
  const ids = new Set(doc.links().map((link) => keyOf(link.id)));
  for (const node of doc.raw.nodes) {
    for (const slot of node.inputs ?? []) if (slot.link != null) expect(ids.has(keyOf(slot.link))).toBe(true);
    for (const slot of node.outputs ?? []) for (const id of slot.links ?? []) expect(ids.has(keyOf(id))).toBe(true);
  }
}

describe("edits", () => {
  it("undo and redo give back exactly what was there, over a long random session", () => {
    const doc = defaultDocument();
    const random = seeded(1);
    const pick = <T,>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const states: Json[] = [cloneJson(doc.raw)];
    const types = ["KSampler", "CLIPTextEncode", "VAEDecode", "LoadImage", "Note", "ImageScale"];
    for (let i = 0; i < 120; i++) {
      const keys = doc.raw.nodes.map((node) => keyOf(node.id));
      const before = doc.revision;
      const moves: (() => unknown)[] = [
        () => addNode(doc, spec(pick(types)), { x: i, y: -i }, [200, 100]),
        () => removeNodes(doc, keys.length > 4 ? [pick(keys)] : []),
        () => moveNodes(doc, new Map([[pick(keys), { x: i * 3, y: i }]]), null),
        () => resizeNode(doc, pick(keys), 300 + i, 200, null),
        () => toggleMode(doc, [pick(keys)], Mode.Bypass),
        () => toggleCollapse(doc, [pick(keys)]),
        () => paste(doc, specs, copy(doc, [pick(keys), pick(keys)]), { x: 0, y: i }, i % 2 === 0),
        () => setWidget(doc, specs, pick(keys), "seed", i * 1000),
        () => dissolve(doc, specs, keys.length > 6 ? [pick(keys)] : []),
        () => {
          const [from, to] = [pick(keys), pick(keys)];
          const name = doc.node(to)?.inputs?.[0]?.name ?? "";
          if (whyNot(doc, specs, { node: from, slot: 0 }, { node: to, name }) === null) {
            connectNodes(doc, specs, { node: from, slot: 0 }, { node: to, name });
          }
        },
      ];
      pick(moves)();
      checkWires(doc);
      if (doc.revision > before) states.push(cloneJson(doc.raw));
    }
    expect(states.length).toBeGreaterThan(60);
    for (const state of states.slice(0, -1).reverse()) {
      doc.undo();
      expect(sameJson(doc.raw, state)).toBe(true);
    }
    expect(doc.canUndo).toBe(false);
    for (const state of states.slice(1)) {
      doc.redo();
      expect(sameJson(doc.raw, state)).toBe(true);
    }
    checkWires(doc);
  });

  it("a gesture is one step", () => {
    const doc = defaultDocument();
    for (let x = 0; x < 50; x++) moveNodes(doc, new Map([["1", { x, y: 0 }]]), "drag");
    doc.endGesture();
    moveNodes(doc, new Map([["1", { x: 99, y: 0 }]]), "drag");
    expect(doc.revision).toBe(2);
    doc.undo();
    expect(doc.node("1")?.["pos"]).toEqual([49, 0]);
    doc.undo();
    expect(doc.node("1")?.["pos"]).toEqual([40, 140]);
  });

  it("undo takes the automatic seed back together with the user's step", () => {
    const doc = defaultDocument();
    setWidget(doc, specs, "5", "steps", 9);
    advanceControls(doc, specs, seeded(3));
    expect((doc.node("5")?.["widgets_values"] as Json[])[0]).not.toBe(7);
    expect(doc.undo()).toBe("Set steps");
    expect(doc.node("5")?.["widgets_values"]).toEqual([7, "randomize", 20, 3.5, "euler", "normal", 1]);
    doc.redo();
    expect((doc.node("5")?.["widgets_values"] as Json[])[2]).toBe(9);
    expect((doc.node("5")?.["widgets_values"] as Json[])[0]).not.toBe(7);
  });

  it("merges only sets, so that array positions stay true", () => {
    const ops: Op[] = [];
    const root: Json = { list: [1, 2, 3] };
    const start = cloneJson(root);
    const run = (op: Op): void => {
      apply(root, op);
      mergeOps(ops, [op]);
    };
    run({ kind: "set", path: ["list", 0], from: 1, to: 5 });
    run({ kind: "remove", path: ["list"], index: 0, value: 5 });
    run({ kind: "set", path: ["list", 0], from: 2, to: 6 });
    for (const op of [...ops].reverse()) apply(root, invert(op));
    expect(root).toEqual(start);
  });
});

describe("round trip", () => {
  /** Put an unknown field into every object of the file. */
  function inject(value: Json | undefined, depth = 0): void {
    if (value === null || typeof value !== "object") return;
    for (const item of Object.values(value)) inject(item, depth + 1);
    if (!Array.isArray(value)) value[`x_unknown_${String(depth)}`] = { deep: [1, null, "ü", { n: 18446744073709551615n }] };
  }

  it("keeps unknown fields at every level, through edits and their undo", () => {
    const raw = fileJson("../../workflows/default.json") as JsonObject;
    raw["groups"] = [{ title: "g", bounding: [0, 0, 10, 10], locked: true }];
    raw["definitions"] = { subgraphs: [{ id: "guid", nodes: [], links: [] }] };
    raw["extra"] = { ds: { scale: 1, offset: [0, 0] }, reroutes: [{ id: 1, pos: [0, 0], linkIds: [1] }] };
    inject(raw);
    const text = stringifyJson(raw);
    const doc = new Document(asWorkflow(parseJson(text)));
    removeNodes(doc, ["5", "9"]);
    toggleCollapse(doc, ["1"]);
    addNode(doc, spec("KSampler"), { x: 0, y: 0 }, [200, 200]);
    while (doc.undo() !== null);
    expect(sameJson(parseJson(stringifyJson(doc.raw, 2)), parseJson(text))).toBe(true);
  });

  it("keeps the forms found in files: pairs as objects, string ids, link objects, dictionaries", () => {
    const raw = {
      version: 1,
      state: { lastNodeId: 2, lastLinkId: 1 },
      nodes: [
        { id: "a", type: "VAEDecode", pos: { "0": 1, "1": 2 }, size: { "0": 3, "1": 4 }, outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }] },
        { id: 2, type: "SaveImage", pos: [5, 6], inputs: [{ name: "images", type: "IMAGE", link: 1 }], widgets_values: { filename_prefix: "p", other: 1 } },
      ],
      links: [{ id: 1, origin_id: "a", origin_slot: 0, target_id: 2, target_slot: 0, type: "IMAGE", parentId: 9 }],
    };
    const doc = new Document(asWorkflow(cloneJson(raw as Json)));
    moveNodes(doc, new Map([["a", { x: 10, y: 20 }]]), null);
    setWidget(doc, specs, "2", "filename_prefix", "q");
    expect(doc.node("a")?.["pos"]).toEqual({ "0": 10, "1": 20 });
    expect(doc.node("2")?.["widgets_values"]).toEqual({ filename_prefix: "q", other: 1 });
    const added = addNode(doc, spec("PreviewImage"), { x: 0, y: 0 }, [100, 100]);
    expect(added).toBe("3");
    connectNodes(doc, specs, { node: "a", slot: 0 }, { node: added, name: "images" });
    expect(doc.raw.links[1]).toMatchObject({ id: 2, origin_id: "a", target_id: 3 });
    expect(doc.raw["state"]).toEqual({ lastNodeId: 3, lastLinkId: 2 });
    while (doc.undo() !== null);
    expect(sameJson(doc.raw, raw as Json)).toBe(true);
  });

  it("opens a file without links", () => {
    const doc = new Document(asWorkflow({ nodes: [{ id: 1, type: "VAEDecode", outputs: [{ name: "IMAGE", type: "IMAGE", links: null }] }, { id: 2, type: "SaveImage" }] }));
    expect(doc.links()).toEqual([]);
    connectNodes(doc, specs, { node: "1", slot: 0 }, { node: "2", name: "images" });
    checkWires(doc);
    doc.undo();
    expect("links" in doc.raw).toBe(false);
  });

  it("refuses what is no workflow with a sentence", () => {
    expect(() => asWorkflow({ a: 1 })).toThrow(/no workflow/);
    expect(() => asWorkflow({ nodes: [{}] })).toThrow(/no `id`/);
  });
});

describe("wires", () => {
  it("says why and what would help", () => {
    const doc = defaultDocument();
    const load = addNode(doc, spec("LoadImage"), { x: 0, y: 0 }, [200, 100]);
    expect(whyNot(doc, specs, { node: load, slot: 0 }, { node: "5", name: "latent_image" })).toBe(
      'IMAGE does not fit LATENT. Put "VAE Encode" between them.',
    );
    expect(whyNot(doc, specs, { node: "5", slot: 0 }, { node: "5", name: "latent_image" })).toMatch(/itself/);
    const encode = addNode(doc, spec("VAEEncode"), { x: 0, y: 0 }, [200, 100]);
    connectNodes(doc, specs, { node: "6", slot: 0 }, { node: encode, name: "pixels" });
    expect(whyNot(doc, specs, { node: encode, slot: 0 }, { node: "5", name: "latent_image" })).toMatch(/loop/);
  });

  it("a widget that an old file does not list becomes a socket when it is wired", () => {
    const doc = new Document(asWorkflow({ nodes: [{ id: 1, type: "EmptyLatentImage", widgets_values: [64, 64, 1] }, { id: 2, type: "PrimitiveNode", outputs: [{ name: "INT", type: "INT", links: [] }] }], links: [] }));
    connectNodes(doc, specs, { node: "2", slot: 0 }, { node: "1", name: "height" });
    expect(doc.node("1")?.inputs).toEqual([{ name: "height", type: "INT", link: 1, widget: { name: "height" } }]);
  });

  it("dissolving a node joins what it connected", () => {
    const doc = defaultDocument();
    dissolve(doc, specs, ["8"]);
    const link = doc.links().find((candidate) => candidate.to === "9");
    expect(link?.from).toBe("6");
    checkWires(doc);
  });
});
