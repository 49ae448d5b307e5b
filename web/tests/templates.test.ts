/**
 * Every template of the field, from tests/graph/test_templates.py, which writes the cases and runs
 * this: nothing is lost, and the prompt is the one the server makes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addNode, moveNodes, removeNodes, setWidget, toggleCollapse } from "../src/model/actions";
import { copy, paste } from "../src/model/clipboard";
import { definitionPaths, Document } from "../src/model/document";
import { cloneJson, type Json, type JsonObject, parseJson, sameJson, stringifyJson } from "../src/model/json";
import { buildPrompt } from "../src/model/prompt";
import { readSpecs, type Specs } from "../src/model/schema";
import { withVirtual } from "../src/model/virtual";
import { asWorkflow, keyOf } from "../src/model/workflow";
import { seeded } from "./setup";

const folder = process.env["LOOM_TEMPLATES"] ?? "";

interface Case {
  name: string;
  workflow: Json;
  specs: Specs;
  prompt: Json;
}

function cases(): Case[] {
  return readdirSync(folder).map((file) => {
    const raw = parseJson(readFileSync(join(folder, file), "utf8")) as JsonObject;
    const specs = withVirtual(readSpecs(raw["info"] ?? null));
    return { name: String(raw["name"] as string), workflow: raw["workflow"] ?? null, specs, prompt: raw["prompt"] ?? null };
  });
}

/** Put an unknown field into every object of a file. */
function inject(value: Json | undefined, depth = 0): void {
  if (value === null || typeof value !== "object") return;
  for (const item of Object.values(value)) inject(item, depth + 1);
  if (!Array.isArray(value)) value[`x_unknown_${String(depth)}`] = { deep: [1, null, "ü", { n: 18446744073709551615n }] };
}

function injected(value: Json): Json {
  const copied = cloneJson(value);
  inject(copied);
  return copied;
}

/** Work on a level as a user would: move, collapse, type, copy, delete, add. */
function work(doc: Document, specs: Specs): void {
  const keys = doc.raw.nodes.map((node) => keyOf(node.id));
  const [first = "", second = ""] = keys;
  moveNodes(doc, new Map(keys.map((key, i) => [key, { x: i, y: -i }])), null);
  if (doc.node(first)) toggleCollapse(doc, [first]);
  for (const key of keys.slice(0, 6)) setWidget(doc, specs, key, "seed", 12345);
  paste(doc, specs, copy(doc, keys.slice(0, 3)), { x: 0, y: 0 }, true);
  removeNodes(doc, [first, second]);
  const spec = [...specs.values()].find((s) => !s.virtual);
  if (spec) addNode(doc, spec, { x: 0, y: 0 }, [200, 100]);
}

describe.skipIf(folder === "")("the templates of the field", () => {
  const all = folder === "" ? [] : cases();

  it("are saved as they were loaded, whatever unknown fields they have", () => {
    const changed = all.filter((one) => {
      const workflow = injected(one.workflow);
      const doc = new Document(asWorkflow(parseJson(stringifyJson(workflow))));
      return !sameJson(parseJson(stringifyJson(doc.raw)), workflow);
    });
    expect(changed.map((c) => c.name)).toEqual([]);
  });

  it("are the same again after work on every level was undone", () => {
    const changed = all.filter(({ workflow: given, specs }) => {
      const workflow = injected(given);
      const doc = new Document(asWorkflow(parseJson(stringifyJson(workflow))));
      for (const id of [null, ...definitionPaths(doc.file).keys()]) work(id === null ? doc : doc.inside(id), specs);
      if (sameJson(doc.raw, workflow)) return true;
      while (doc.undo() !== null);
      return !sameJson(parseJson(stringifyJson(doc.raw)), workflow);
    });
    expect(changed.map((c) => c.name)).toEqual([]);
  });

  it("become the prompts that the server makes of them", () => {
    const different = all.flatMap(({ name, workflow, specs, prompt }) => {
      const made = buildPrompt(new Document(asWorkflow(workflow)), specs, seeded(1)) as unknown as JsonObject;
      const wanted = prompt as JsonObject;
      const keys = new Set([...Object.keys(made), ...Object.keys(wanted)]);
      return [...keys].filter((key) => !sameJson(made[key] ?? null, wanted[key] ?? null)).map((key) => `${name} ${key}\n${stringifyJson(made[key] ?? null)}\n${stringifyJson(wanted[key] ?? null)}`);
    });
    expect(different.slice(0, 4)).toEqual([]);
  });
});
