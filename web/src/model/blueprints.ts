/** Subgraphs in files of their own: one instance and what it needs, to be put into any workflow. */
import { t } from "../i18n";
import { definitionPaths, definitionsOf, type Document } from "./document";
import { emptyWorkflow } from "./factory";
import { freshUuid, takeNodeId } from "./ids";
import { cloneJson, isObject, type Json, type JsonObject } from "./json";
import { type Key, keyOf, likePair, type RawNode, type Workflow } from "./workflow";

/** The file of an instance; null for a node that is none. */
export function blueprintOf(doc: Document, key: Key): Workflow | null {
  const node = doc.node(key);
  const all = definitionsOf(doc.file);
  if (!node || !all.has(node.type)) return null;
  const copied = unwired(cloneJson(node as Json) as RawNode);
  const needed = neededBy(node.type, all);
  return {
    ...emptyWorkflow(freshUuid()),
    last_node_id: 1,
    nodes: [{ ...copied, id: 1 }],
    definitions: { subgraphs: needed.map((definition) => cloneJson(definition)) },
  };
}

function unwired(node: RawNode): RawNode {
  for (const slot of node.inputs ?? []) slot.link = null;
  for (const slot of node.outputs ?? []) slot.links = [];
  return node;
}

/** A definition and those of the instances inside it, each once. */
function neededBy(id: string, all: ReadonlyMap<string, JsonObject & Workflow>): JsonObject[] {
  const found = new Map<string, JsonObject>();
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const definition = all.get(at);
    if (!definition || found.has(at)) continue;
    found.set(at, definition);
    open.push(...definition.nodes.map((node) => node.type));
  }
  // Definitions inside others come along with them; naming them twice would double them.
  const nested = new Set([...found.values()].flatMap((d) => innerIds(d)));
  return [...found].filter(([key]) => !nested.has(key)).map(([, definition]) => definition);
}

function innerIds(definition: JsonObject): string[] {
  return [...definitionPaths(definition as Workflow).keys()];
}

/** Put the instance of a blueprint at a point; returns its key. Throws for a file that is none. */
export function insertBlueprint(doc: Document, blueprint: Workflow, x: number, y: number): Key {
  const known = definitionsOf(blueprint);
  const node = blueprint.nodes.find((candidate) => known.has(candidate.type));
  if (!node) throw new Error(t("This file holds no subgraph. Save one to the library first."));
  let key = "";
  doc.edit("Insert subgraph", (edit) => {
    defineMissing(doc, blueprint);
    const id = takeNodeId(edit, doc.raw);
    const copied = unwired(cloneJson(node as Json) as RawNode);
    edit.push(["nodes"], { ...copied, id, pos: likePair(node["pos"], Math.round(x), Math.round(y)) });
    key = keyOf(id);
  });
  return key;
}

/** A definition that the file has already stays as it is: its instances rely on it. */
function defineMissing(doc: Document, blueprint: Workflow): void {
  const have = definitionPaths(doc.file);
  const given = isObject(blueprint["definitions"]) ? blueprint["definitions"]["subgraphs"] : null;
  const fresh = (Array.isArray(given) ? given : []).filter((d) => isObject(d) && !have.has(String(d["id"] as string)));
  if (fresh.length === 0) return;
  doc.editFile("Define subgraphs", (edit) => {
    if (!isObject(doc.file["definitions"])) edit.set(["definitions"], { subgraphs: [] });
    else if (!Array.isArray(doc.file["definitions"]["subgraphs"])) edit.set(["definitions", "subgraphs"], []);
    for (const definition of fresh) edit.push(["definitions", "subgraphs"], definition);
  });
}
