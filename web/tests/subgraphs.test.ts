import { describe, expect, it } from "vitest";
import { setWidget } from "../src/model/actions";
import { INPUTS, OUTPUTS, slotsOf } from "../src/model/boundary";
import { blueprintOf, insertBlueprint } from "../src/model/blueprints";
import { definitionPaths, type Document } from "../src/model/document";
import { cloneJson, sameJson, type Json } from "../src/model/json";
import { buildPrompt, type Prompt } from "../src/model/prompt";
import type { NodeSpec } from "../src/model/schema";
import { createSubgraph, promoteWidget, removeSlot, unpackSubgraph } from "../src/model/subgraphs";
import { withSubgraphs } from "../src/model/subgraphspec";
import { keyOf } from "../src/model/workflow";
import { defaultDocument, seeded, specs } from "./setup";

const build = (doc: Document): Prompt => buildPrompt(doc, withSubgraphs(specs, doc), seeded(1));

/** A prompt without regard to ids: what each node is and, through its wires, what feeds it. */
function shape(prompt: Prompt): string[] {
  const of = (id: string): Json => {
    const node = prompt[id];
    if (!node) return id;
    const inputs = Object.entries(node.inputs).sort(([a], [b]) => (a < b ? -1 : 1));
    return [node.class_type, inputs.map(([name, value]): Json => [name, Array.isArray(value) ? [of(String(value[0] as string)), value[1] ?? 0] : (value ?? null)])];
  };
  return Object.keys(prompt).map((id) => JSON.stringify(of(id))).sort();
}

/** The sampler of the default workflow with its decoder in a subgraph. */
function packed(): { doc: Document; key: string; inside: Document; spec: NodeSpec } {
  const doc = defaultDocument();
  const key = createSubgraph(doc, specs, ["5", "6"]) ?? "";
  const type = doc.node(key)?.type ?? "";
  const spec = withSubgraphs(specs, doc).get(type);
  if (!spec) throw new Error("the subgraph has no spec");
  return { doc, key, inside: doc.inside(type), spec };
}

describe("subgraphs", () => {
  it("made from nodes run as before, and an undo gives back the same file", () => {
    const doc = defaultDocument();
    const [raw, before] = [cloneJson(doc.raw), shape(build(doc))];
    const key = createSubgraph(doc, specs, ["5", "6"]) ?? "";
    const prompt = build(doc);
    expect(shape(prompt)).toEqual(before);
    expect(prompt[`${key}:5`]?.class_type).toBe("KSampler");
    doc.undo();
    expect(sameJson(doc.raw, raw)).toBe(true);
  });

  it("nest, and unpack into what they were", () => {
    const { doc, key, inside } = packed();
    const before = shape(build(doc));
    const inner = createSubgraph(inside, specs, ["5"]) ?? "";
    expect(shape(build(doc))).toEqual(before);
    expect(build(doc)[`${key}:${inner}:5`]?.class_type).toBe("KSampler");
    const keys = unpackSubgraph(doc, withSubgraphs(specs, doc), key);
    expect(keys).toHaveLength(2);
    const nested = doc.raw.nodes.find((node) => definitionPaths(doc.file).has(node.type));
    unpackSubgraph(doc, withSubgraphs(specs, doc), keyOf(nested?.id ?? ""));
    expect(shape(build(doc))).toEqual(before);
    expect(definitionPaths(doc.file).size).toBe(0);
  });

  it("show promoted widgets, whose values win over those inside", () => {
    const { doc, key, inside } = packed();
    promoteWidget(inside, specs, "5", "steps");
    promoteWidget(inside, specs, "5", "cfg");
    const all = withSubgraphs(specs, doc);
    const steps = all.get(doc.node(key)?.type ?? "")?.inputs.find((input) => input.name === "steps");
    expect(steps).toMatchObject({ widget: "number", options: { default: 20 } });
    expect(build(doc)[`${key}:5`]?.inputs["steps"]).toBe(20);
    setWidget(doc, all, key, "cfg", 9);
    expect(build(doc)[`${key}:5`]?.inputs).toMatchObject({ steps: 20, cfg: 9 });
    const slot = slotsOf(inside.raw, "inputs").findIndex((s) => s["name"] === "steps");
    removeSlot(inside, "inputs", slot);
    expect(build(doc)[`${key}:5`]?.inputs).toMatchObject({ steps: 20, cfg: 9 });
    unpackSubgraph(doc, withSubgraphs(specs, doc), key);
    const sampler = Object.values(build(doc)).find((node) => node.class_type === "KSampler");
    expect(sampler?.inputs).toMatchObject({ steps: 20, cfg: 9 });
  });

  it("go through the library into another workflow", () => {
    const { doc, key, inside } = packed();
    createSubgraph(inside, specs, ["5"]);
    const blueprint = blueprintOf(doc, key);
    if (!blueprint) throw new Error("no blueprint");
    const other = defaultDocument();
    const raw = cloneJson(other.raw);
    const first = insertBlueprint(other, blueprint, 10, 20);
    insertBlueprint(other, blueprint, 30, 40);
    expect(definitionPaths(other.file).size).toBe(2);
    const made = Object.entries(build(other)).filter(([id]) => id.startsWith(`${first}:`));
    expect(made.map(([, node]) => node.class_type).sort()).toEqual(["KSampler", "VAEDecode"]);
    while (other.undo() !== null);
    expect(sameJson(other.raw, raw)).toBe(true);
    expect(blueprintOf(doc, "1")).toBe(null);
  });

  it("lose a slot with its wires everywhere, and get it back by undo", () => {
    const { doc, key, inside } = packed();
    const before = cloneJson(doc.raw);
    removeSlot(inside, "inputs", 0);
    expect(doc.linksOf(key).filter((link) => link.to === key)).toHaveLength(slotsOf(inside.raw, "inputs").length);
    for (const link of inside.links()) {
      if (link.from === INPUTS) expect(slotsOf(inside.raw, "inputs")[link.fromSlot]?.["linkIds"]).toContain(link.id);
      else expect(inside.node(link.from)?.outputs?.[link.fromSlot]?.links).toContain(link.id);
    }
    removeSlot(inside, "outputs", 0);
    expect(inside.linksOf(OUTPUTS)).toEqual([]);
    doc.undo();
    doc.undo();
    expect(sameJson(doc.raw, before)).toBe(true);
  });
});
