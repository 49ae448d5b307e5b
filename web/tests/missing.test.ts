import { describe, expect, it } from "vitest";
import { Document } from "../src/model/document";
import { cloneJson, sameJson } from "../src/model/json";
import { missingChoices, missingTypes } from "../src/model/missing";
import { buildPrompt } from "../src/model/prompt";
import { readRules, replaceType, setEverywhere } from "../src/model/replace";
import { createSubgraph } from "../src/model/subgraphs";
import { withSubgraphs } from "../src/model/subgraphspec";
import type { RawNode } from "../src/model/workflow";
import { defaultDocument, seeded, specs } from "./setup";

/** The default workflow, as a pack's own sampler would have saved it. */
function strange(): Document {
  const doc = defaultDocument();
  const sampler = doc.node("5") as RawNode;
  Object.assign(sampler, { type: "FancyKSampler", properties: { cnr_id: "fancy-pack", ver: "1.2" } });
  return new Document(cloneJson(doc.raw));
}

describe("missing node types", () => {
  it("come with their pack and the types most like them", () => {
    const [missing, ...more] = missingTypes(strange(), specs);
    expect(more).toEqual([]);
    expect(missing).toMatchObject({ type: "FancyKSampler", nodes: ["5"], pack: "fancy-pack" });
    expect(missing?.near[0]?.type).toBe("KSampler");
    expect(missingTypes(defaultDocument(), specs)).toEqual([]);
  });

  it("are replaced with their wires and values, and an undo gives back the same file", () => {
    const doc = strange();
    const raw = cloneJson(doc.raw);
    const spec = specs.get("KSampler");
    if (!spec) throw new Error("no KSampler");
    expect(replaceType(doc, specs, "FancyKSampler", spec)).toBe(1);
    expect(missingTypes(doc, specs)).toEqual([]);
    expect(buildPrompt(doc, specs, seeded(1))).toEqual(buildPrompt(defaultDocument(), specs, seeded(1)));
    expect(doc.node("5")?.["properties"]).toEqual({ "Node name for S&R": "KSampler" });
    doc.undo();
    expect(sameJson(doc.raw, raw)).toBe(true);
  });

  it("become what their pack has put in their place, with inputs, values and outputs of other names", () => {
    const doc = strange();
    const sampler = doc.node("5") as RawNode;
    const names: Record<string, string> = { model: "net", latent_image: "start" };
    sampler.inputs = (sampler.inputs ?? []).filter((slot) => !slot.widget).map((slot) => ({ ...slot, name: names[slot.name] ?? slot.name }));
    Object.assign(sampler, { widgets_values: [7, 31, 2.5, "gone"] });
    sampler.outputs?.unshift({ name: "extra", type: "INT", links: null });
    for (const link of doc.raw.links) if (Array.isArray(link) && String(link[1]) === "5") link[2] = 1;
    const same = ["positive", "negative"].map((name) => ({ new_id: name, old_id: name }));
    const moved = [["model", "net"], ["latent_image", "start"], ["seed", "noise"], ["steps", "count"], ["cfg", "scale"]];
    const mapping = [...same, ...moved.map(([now, before]) => ({ new_id: now ?? "", old_id: before ?? "" })), { new_id: "scheduler", set_value: "karras" }];
    const answer = { FancyKSampler: [{ new_node_id: "KSampler", old_node_id: "FancyKSampler", old_widget_ids: ["noise", "count", "scale", "way"], input_mapping: mapping, output_mapping: [{ new_idx: 0, old_idx: 1 }] }] };
    const rule = readRules(answer).get("FancyKSampler");
    const spec = specs.get(rule?.to ?? "");
    const fresh = new Document(cloneJson(doc.raw));
    if (!spec || !rule) throw new Error("no rule");
    replaceType(fresh, specs, "FancyKSampler", spec, rule);
    const made = buildPrompt(fresh, specs, seeded(1))["5"]?.inputs;
    const usual = buildPrompt(defaultDocument(), specs, seeded(1))["5"]?.inputs;
    expect(made).toEqual({ ...usual, seed: 7, steps: 31, cfg: 2.5, scheduler: "karras", sampler_name: "euler", denoise: 1 });
    expect(buildPrompt(fresh, specs, seeded(1))["6"]?.inputs["samples"]).toEqual(["5", 0]);
    expect(readRules(null).size + readRules({ A: [3], B: "x" }).size).toBe(0);
  });

  it("are replaced inside subgraphs too", () => {
    const doc = defaultDocument();
    const key = createSubgraph(doc, specs, ["5", "6"]) ?? "";
    const inner = doc.inside(doc.node(key)?.type ?? "").node("5") as RawNode;
    inner.type = "FancyKSampler";
    const spec = specs.get("KSampler");
    if (!spec) throw new Error("no KSampler");
    expect(missingTypes(doc, specs)[0]?.nodes).toEqual([`${key}:5`]);
    replaceType(doc, withSubgraphs(specs, doc), "FancyKSampler", spec);
    const whole = defaultDocument();
    createSubgraph(whole, specs, ["5", "6"]);
    const build = (one: Document): unknown => buildPrompt(one, withSubgraphs(specs, one), seeded(1));
    expect(build(doc)).toEqual(build(whole));
  });
});

describe("missing choices", () => {
  it("are listed with the nearest ones and where the file says they are, and set in one step", () => {
    const doc = defaultDocument();
    const loader = doc.raw.nodes.find((node) => node.type === "CheckpointLoaderSimple") as RawNode;
    const good = (loader["widgets_values"] as string[])[0] ?? "";
    const name = `sd/${good.replace(".", "-v2.")}`;
    Object.assign(loader, { widgets_values: [name], properties: { models: [{ name, url: "https://example.org/x" }] } });
    const [missing] = missingChoices(doc, specs);
    expect(missing).toMatchObject({ value: name, widget: "ckpt_name", nodes: [String(loader.id)], url: "https://example.org/x" });
    expect(missing?.near[0]).toBe(good);
    setEverywhere(doc, specs, missing?.nodes ?? [], "ckpt_name", good);
    expect(missingChoices(doc, specs)).toEqual([]);
    doc.undo();
    expect(missingChoices(doc, specs)).toHaveLength(1);
  });
});
