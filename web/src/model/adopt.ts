/** Taking units of another version into a document, as one step that can be undone. */
import { removeNodes } from "./actions";
import { linkIdsOf, slotsOf } from "./boundary";
import { groupKeys, levelOf, type Unit, wiresOf } from "./compare";
import { definitionsOf, type Document, type Edit } from "./document";
import { cloneJson, isObject, type Json, type JsonObject } from "./json";
import { type Path, valueAt } from "./patch";
import type { Specs } from "./schema";
import { connect, cut, reaches } from "./wiring";
import { groupsOf, type Key, keyOf, type RawNode, type RawSlot } from "./workflow";

/** What has to stand before what: borders, then nodes, then what is on them, then wires. */
const ORDER: readonly Unit["kind"][] = ["rest", "node", "field", "group", "wire"];

/** Make `doc` like `there` in some units of their comparison; a wire waits that lacks an end or would close a loop. */
export function adopt(doc: Document, there: Document, specs: Specs, units: readonly Unit[], label: string): void {
  const root = doc.root();
  const sorted = ORDER.flatMap((kind) => units.filter((unit) => unit.kind === kind));
  const each = (chosen: readonly Unit[], act: typeof take): void => {
    for (const unit of chosen) {
      const level = levelOf(root, unit.level);
      level.edit(label, (edit) => {
        act(edit, level, there, specs, unit);
      });
    }
  };
  root.edit(label, () => {
    each(sorted.filter((unit) => unit.kind !== "wire"), take);
    // All old wires go first: on the way from one loop-free graph to another there could be a loop.
    each(sorted.filter((unit) => unit.kind === "wire"), cutOld);
    each(sorted.filter((unit) => unit.kind === "wire"), take);
  });
}

function cutOld(edit: Edit, doc: Document, _there: Document, _specs: Specs, unit: Unit): void {
  if (unit.kind !== "wire" || (unit.now && !doc.node(unit.now.node))) return;
  const found = doc.linksOf(unit.node).find((link) => link.to === unit.node && doc.node(unit.node)?.inputs?.[link.toSlot]?.name === unit.input);
  if (found) cut(edit, doc, keyOf(found.id));
}

function take(edit: Edit, doc: Document, there: Document, specs: Specs, unit: Unit): void {
  if (unit.kind === "rest") takeRest(edit, doc, unit.path, unit.now);
  else if (unit.kind === "node") takeNode(edit, doc, there, unit);
  else if (unit.kind === "group") takeGroup(edit, doc, unit);
  else if (doc.node(unit.node)) {
    if (unit.kind === "field") takeField(edit, doc, specs, unit);
    else takeWire(edit, doc, there, specs, unit);
  }
}

type Of<K extends Unit["kind"]> = Extract<Unit, { kind: K }>;

function takeRest(edit: Edit, doc: Document, path: Path, now: Json | undefined): void {
  const [name] = path;
  const border = doc.subgraph !== null && (name === "inputs" || name === "outputs");
  if (border) {
    const wires = new Map(slotsOf(doc.raw, name).map((slot) => [slot["name"], linkIdsOf(slot)]));
    const slots = (Array.isArray(now) ? now : []).filter(isObject);
    edit.set(path, slots.map((slot): JsonObject => ({ ...slot, linkIds: wires.get(slot["name"]) ?? [] })));
    return;
  }
  if (path.length > 1 && !isObject(doc.raw[String(name)])) edit.set([String(name)], {});
  edit.set(path, now);
}

function takeNode(edit: Edit, doc: Document, there: Document, { node, now }: Of<"node">): void {
  if (doc.node(node)) removeNodes(doc, [node]);
  if (!now) return;
  bringDefinition(doc, there, now.type);
  edit.push(["nodes"], unwired(now));
  const counter: Path = isObject(doc.raw["state"]) ? ["state", "lastNodeId"] : ["last_node_id"];
  if (Number(node) > Number(valueAt(doc.raw, counter) ?? 0)) edit.set(counter, Number(node));
}

/** A node as it stands in a file that has no wires. */
function unwired(node: RawNode): RawNode {
  const copied = cloneJson(node as Json) as RawNode;
  for (const slot of copied.inputs ?? []) slot.link = null;
  for (const slot of copied.outputs ?? []) slot.links = [];
  return copied;
}

/** The subgraph of an instance comes along with those inside it, unless the file has it. */
function bringDefinition(doc: Document, there: Document, id: string): void {
  const definition = definitionsOf(there.file).get(id);
  if (!definition || definitionsOf(doc.file).has(id)) return;
  doc.editFile("Take a subgraph", (edit) => {
    if (!isObject(doc.file["definitions"])) edit.set(["definitions"], { subgraphs: [] });
    if (!Array.isArray(valueAt(doc.file, ["definitions", "subgraphs"]))) edit.set(["definitions", "subgraphs"], []);
    edit.push(["definitions", "subgraphs"], definition);
  });
  for (const { type } of definition.nodes) bringDefinition(doc, there, type);
}

function takeField(edit: Edit, doc: Document, specs: Specs, { node, path, now }: Of<"field">): void {
  const [name, part] = path;
  if (name === "inputs" || name === "outputs") takeSockets(edit, doc, specs, node, name, now);
  else {
    const at = [...doc.nodePath(node), String(name)];
    if (part !== undefined && valueAt(doc.raw, at) == null) edit.set(at, {});
    edit.set([...doc.nodePath(node), ...path], now);
  }
}

/** Other sockets: wires of those that stay under their name are put back. */
function takeSockets(edit: Edit, doc: Document, specs: Specs, key: Key, side: "inputs" | "outputs", now: Json | undefined): void {
  const node = doc.node(key);
  if (!node) return;
  const old = node[side] ?? [];
  const named = [...wiresOf(doc).values()].filter((wire) => (side === "inputs" ? wire.node : wire.from.node) === key);
  const ends = named.map((wire) => ({ ...wire, output: doc.node(wire.from.node)?.outputs?.[wire.from.slot]?.name }));
  for (const link of [...doc.linksOf(key)]) {
    if ((side === "inputs" ? link.to : link.from) === key) cut(edit, doc, keyOf(link.id));
  }
  const known = new Map(old.map((slot) => [slot.name, slot]));
  const fresh = (Array.isArray(now) ? now.filter(isObject) : []).map((slot): JsonObject => ({ ...known.get(slot["name"] as string), ...slot, label: slot["label"] ?? undefined }));
  edit.set([...doc.nodePath(key), side], [...fresh, ...old.filter((slot) => slot.widget)]);
  for (const { node: to, input, from, output } of ends) {
    const slot = side === "inputs" ? from.slot : fresh.findIndex((one) => one["name"] === output);
    const stays = side === "outputs" || doc.node(key)?.inputs?.some((one) => one.name === input);
    if (slot >= 0 && stays) connect(edit, doc, specs, { node: from.node, slot }, { node: to, name: input });
  }
}

function takeGroup(edit: Edit, doc: Document, { group, now }: Of<"group">): void {
  const mine = groupKeys(doc.raw).get(group);
  const at = mine ? (doc.raw["groups"] as Json[]).indexOf(mine) : -1;
  if (at >= 0) {
    if (now) edit.set(["groups", at], now);
    else edit.removeAt(["groups"], at);
  } else if (now) {
    if (groupsOf(doc.raw).length === 0 && !Array.isArray(doc.raw["groups"])) edit.set(["groups"], []);
    edit.push(["groups"], now);
  }
}

function takeWire(edit: Edit, doc: Document, there: Document, specs: Specs, { level, node, input, now }: Of<"wire">): void {
  if (!now || !doc.node(now.node) || reaches(doc, node, now.node)) return;
  const other = levelOf(there, level);
  ensureSocket(edit, doc, node, "inputs", doc.node(node)?.inputs?.findIndex((slot) => slot.name === input) ?? -1, other.node(node)?.inputs?.find((slot) => slot.name === input));
  ensureSocket(edit, doc, now.node, "outputs", now.slot < (doc.node(now.node)?.outputs?.length ?? 0) ? now.slot : -1, other.node(now.node)?.outputs?.[now.slot]);
  connect(edit, doc, specs, now, { node, name: input });
}

/** A socket that only the other file lists, as that of a widget; nodes of unknown types have no other source. */
function ensureSocket(edit: Edit, doc: Document, key: Key, side: "inputs" | "outputs", at: number, like: RawSlot | undefined): void {
  if (at >= 0 || !like || Number(key) < 0) return;
  const path = [...doc.nodePath(key), side];
  if (!Array.isArray(valueAt(doc.raw, path))) edit.set(path, []);
  edit.push(path, { ...like, ...(side === "inputs" ? { link: null } : { links: [] }) });
}
