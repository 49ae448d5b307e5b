/**
 * Making subgraphs out of nodes and back, and changing what they show outside.
 *
 * Invariant: each of these is one undoable step, and what ran before runs the same after it.
 */
import { INPUTS, isBoundary, OUTPUTS, slotsOf } from "./boundary";
import { addSlot, dropSlot, type Side } from "./borderslots";
import { definitionPaths, definitionsOf, Document, type Edit } from "./document";
import { freshUuid, takeLinkId, takeNodeId } from "./ids";
import { cloneJson, type Json, type JsonObject } from "./json";
import { OWN, promotedNames, promotedValues } from "./levels";
import type { Specs } from "./schema";
import { setWidget } from "./actions";
import { connect, cut } from "./wiring";
import { type Id, type Key, keyOf, likePair, type Link, posOf, type RawNode, sizeOf, type Workflow, writeLink } from "./workflow";

const MARGIN = 220;

/** Put nodes into a new subgraph; returns the key of its instance, null if there is nothing. */
export function createSubgraph(doc: Document, specs: Specs, keys: readonly Key[], name = "New subgraph"): Key | null {
  const chosen = new Set(keys.filter((key) => !isBoundary(key) && doc.node(key)));
  if (chosen.size === 0) return null;
  let made = "";
  doc.edit("Make subgraph", (edit) => {
    const id = freshUuid();
    const nodes = doc.raw.nodes.filter((node) => chosen.has(keyOf(node.id)));
    const links = [...new Map(keys.flatMap((key) => doc.linksOf(key)).map((l) => [keyOf(l.id), l])).values()];
    define(doc, blankDefinition(id, name, nodes));
    const inside = doc.inside(id);
    made = place(edit, doc, id, nodes);
    fill(edit, doc, inside, nodes, links, chosen);
    wireBorder(edit, doc, inside, specs, made, links, chosen);
    for (const key of chosen) edit.removeAt(["nodes"], Number(doc.nodePath(key)[1]));
  });
  return made;
}

/** Add a definition to the file. */
function define(doc: Document, definition: JsonObject): void {
  doc.editFile("Define subgraph", (edit) => {
    if (!doc.file["definitions"]) edit.set(["definitions"], { subgraphs: [] });
    else if (!(doc.file["definitions"] as JsonObject)["subgraphs"]) edit.set(["definitions", "subgraphs"], []);
    edit.push(["definitions", "subgraphs"], definition);
  });
}

function blankDefinition(id: string, name: string, nodes: readonly RawNode[]): JsonObject {
  const left = Math.min(...nodes.map((node) => posOf(node)[0]));
  const right = Math.max(...nodes.map((node) => posOf(node)[0] + sizeOf(node)[0]));
  const top = Math.min(...nodes.map((node) => posOf(node)[1]));
  const last = Math.max(0, ...nodes.map((node) => Number(node.id) || 0));
  return {
    id,
    version: 1,
    state: { lastGroupId: 0, lastNodeId: last, lastLinkId: 0, lastRerouteId: 0 },
    revision: 0,
    config: {},
    name,
    inputNode: { id: -10, bounding: [left - MARGIN, top, 120, 60] },
    outputNode: { id: -20, bounding: [right + MARGIN - 120, top, 120, 60] },
    inputs: [],
    outputs: [],
    widgets: [],
    nodes: [],
    groups: [],
    links: [],
    extra: {},
  };
}

/** The instance where its nodes stood. */
function place(edit: Edit, doc: Document, type: string, nodes: readonly RawNode[]): Key {
  const id = takeNodeId(edit, doc.raw);
  const x = nodes.reduce((sum, node) => sum + posOf(node)[0], 0) / nodes.length;
  const y = nodes.reduce((sum, node) => sum + posOf(node)[1], 0) / nodes.length;
  edit.push(["nodes"], {
    id,
    type,
    pos: [Math.round(x), Math.round(y)],
    size: [260, 80],
    flags: {},
    order: doc.raw.nodes.length,
    mode: 0,
    inputs: [],
    outputs: [],
    properties: {},
    widgets_values: [],
  });
  return keyOf(id);
}

/** Move the nodes and the links among them inside; all links at them go from outside. */
function fill(
  edit: Edit,
  doc: Document,
  inside: Document,
  nodes: readonly RawNode[],
  links: readonly Link[],
  chosen: ReadonlySet<Key>,
): void {
  const copies = nodes.map((node) => cloneJson(node as Json) as RawNode);
  for (const link of links) cut(edit, doc, keyOf(link.id));
  inside.edit("Fill", (inner) => {
    for (const node of copies) inner.push(["nodes"], unwired(node));
    for (const link of links) {
      if (!chosen.has(link.from) || !chosen.has(link.to)) continue;
      rejoin(inner, inside, link);
    }
  });
}

function unwired(node: RawNode): RawNode {
  for (const slot of node.inputs ?? []) slot.link = null;
  for (const slot of node.outputs ?? []) if (slot.links) slot.links = [];
  return node;
}

/** The same wire on another level, by slot numbers. */
function rejoin(edit: Edit, doc: Document, link: Link): void {
  const source = doc.node(link.from);
  const target = doc.node(link.to);
  if (!source || !target) return;
  const id = takeLinkId(edit, doc.raw);
  edit.push(["links"], writeLink(doc.raw, id, source, link.fromSlot, target, link.toSlot, link.type));
  edit.set([...doc.nodePath(link.to), "inputs", link.toSlot, "link"], id);
  const ids = source.outputs?.[link.fromSlot]?.links ?? [];
  edit.set([...doc.nodePath(link.from), "outputs", link.fromSlot, "links"], [...ids, id]);
}

/** One input or output of the subgraph for each source that crosses its border. */
function wireBorder(
  edit: Edit,
  doc: Document,
  inside: Document,
  specs: Specs,
  instance: Key,
  links: readonly Link[],
  chosen: ReadonlySet<Key>,
): void {
  const slots = new Map<string, { slot: number; name: string }>();
  for (const link of links) {
    const [into, out] = [chosen.has(link.to), chosen.has(link.from)];
    if (into === out) continue;
    const source = `${link.from}/${String(link.fromSlot)}`;
    const known = slots.get(source);
    const at = known ?? openSlot(doc, inside, link, into ? "inputs" : "outputs", instance);
    slots.set(source, at);
    if (into) innerInput(inside, link, at.slot);
    if (into && !known) connect(edit, doc, specs, { node: link.from, slot: link.fromSlot }, { node: instance, name: at.name });
    if (!into) {
      const name = doc.node(link.to)?.inputs?.[link.toSlot]?.name;
      if (name !== undefined) connect(edit, doc, specs, { node: instance, slot: at.slot }, { node: link.to, name });
    }
  }
}

/** Add a slot to the definition and the socket to its instance. */
function openSlot(doc: Document, inside: Document, link: Link, side: Side, instance: Key): { slot: number; name: string } {
  const raw = inside.node(side === "inputs" ? link.to : link.from);
  const like = side === "inputs" ? raw?.inputs?.[link.toSlot] : raw?.outputs?.[link.fromSlot];
  const slot = slotsOf(inside.raw, side).length;
  let name = "";
  inside.edit("Slot", (edit) => {
    name = addSlot(edit, inside, side, like?.name ?? String(link.type as string), like?.type ?? link.type);
    if (side === "outputs") joinOutput(edit, inside, link, slot);
  });
  doc.edit("Socket", (edit) => {
    const base = { name, type: like?.type ?? link.type };
    const widget = like && "widget" in like && like.widget ? { widget: { name } } : {};
    const socket = side === "inputs" ? { ...base, ...widget, link: null } : { ...base, links: [] };
    edit.push([...doc.nodePath(instance), side], socket);
  });
  return { slot, name };
}

function innerInput(inside: Document, link: Link, slot: number): void {
  const target = inside.node(link.to);
  const source = inside.node(INPUTS);
  if (!target || !source) return;
  inside.edit("Wire", (edit) => {
    const id = takeLinkId(edit, inside.raw);
    edit.push(["links"], writeLink(inside.raw, id, source, slot, target, link.toSlot, link.type));
    edit.set([...inside.nodePath(link.to), "inputs", link.toSlot, "link"], id);
    edit.push(["inputs", slot, "linkIds"], id);
  });
}

function joinOutput(edit: Edit, inside: Document, link: Link, slot: number): void {
  const source = inside.node(link.from);
  const target = inside.node(OUTPUTS);
  if (!source || !target) return;
  const id = takeLinkId(edit, inside.raw);
  edit.push(["links"], writeLink(inside.raw, id, source, link.fromSlot, target, slot, link.type));
  const ids = source.outputs?.[link.fromSlot]?.links ?? [];
  edit.set([...inside.nodePath(link.from), "outputs", link.fromSlot, "links"], [...ids, id]);
  edit.set(["outputs", slot, "linkIds"], [id]);
}

/** Put the inside of an instance in its place; returns the keys of the nodes. */
export function unpackSubgraph(doc: Document, specs: Specs, key: Key): Key[] {
  const instance = doc.node(key);
  if (!instance || !definitionPaths(doc.file).has(instance.type)) return [];
  const inside = doc.inside(instance.type);
  const fresh = new Map<Key, Key>();
  doc.edit("Unpack subgraph", (edit) => {
    const values = promotedValues(instance, inside);
    const outer = [...doc.linksOf(key)];
    spread(edit, doc, inside, instance, fresh);
    setInside(doc, inside, specs, fresh, values);
    for (const link of inside.links()) wireOut(edit, doc, inside, specs, link, instance, outer, fresh);
    for (const link of outer) cut(edit, doc, keyOf(link.id));
    edit.removeAt(["nodes"], Number(doc.nodePath(key)[1]));
    dropUnused(doc, instance.type);
  });
  return [...fresh.values()];
}

/** Copies of the inner nodes, around the place of the instance. */
function spread(edit: Edit, doc: Document, inside: Document, instance: RawNode, fresh: Map<Key, Key>): void {
  const { nodes } = inside.raw;
  const left = Math.min(...nodes.map((node) => posOf(node)[0]));
  const top = Math.min(...nodes.map((node) => posOf(node)[1]));
  const [x0, y0] = posOf(instance);
  for (const node of nodes) {
    const id = takeNodeId(edit, doc.raw);
    const [x, y] = posOf(node);
    const copied = unwired(cloneJson(node as Json) as RawNode);
    edit.push(["nodes"], { ...copied, id, pos: likePair(node["pos"], x0 + x - left, y0 + y - top) });
    fresh.set(keyOf(node.id), keyOf(id));
  }
}

/** Values that the instance had set go to the inner widgets. */
function setInside(
  doc: Document,
  inside: Document,
  specs: Specs,
  fresh: ReadonlyMap<Key, Key>,
  values: ReadonlyMap<string, Json>,
): void {
  const set = (inner: Key, widget: string, value: Json): void => {
    const key = fresh.get(inner);
    if (key !== undefined) setWidget(doc, specs, key, widget, value);
  };
  for (const [place, value] of values) {
    const [owner = "", ...name] = place.split("/");
    if (owner !== OWN) {
      set(owner, name.join("/"), value);
      continue;
    }
    const slot = slotsOf(inside.raw, "inputs").findIndex((s) => s["name"] === name.join("/"));
    for (const link of inside.linksOf(INPUTS).filter((l) => l.fromSlot === slot)) {
      const socket = inside.node(link.to)?.inputs?.[link.toSlot];
      if (socket?.widget) set(link.to, socket.widget.name, value);
    }
  }
}

/** An inner wire among the copies; one at the border goes on to what is wired outside. */
function wireOut(
  edit: Edit,
  doc: Document,
  inside: Document,
  specs: Specs,
  link: Link,
  instance: RawNode,
  outer: readonly Link[],
  fresh: ReadonlyMap<Key, Key>,
): void {
  const key = keyOf(instance.id);
  const inputName = slotsOf(inside.raw, "inputs")[link.fromSlot]?.["name"];
  const from = link.from === INPUTS
    ? outer.find((l) => l.to === key && instance.inputs?.[l.toSlot]?.name === inputName)
    : { from: fresh.get(link.from), fromSlot: link.fromSlot };
  if (from?.from === undefined) return;
  const start = { node: from.from, slot: from.fromSlot };
  const ends = link.to === OUTPUTS
    ? outer.filter((l) => l.from === key && l.fromSlot === link.toSlot).map((l) => ({ node: l.to as Key | undefined, slot: l.toSlot }))
    : [{ node: fresh.get(link.to), slot: link.toSlot }];
  for (const end of ends) {
    const name = end.node === undefined ? undefined : doc.node(end.node)?.inputs?.[end.slot]?.name;
    if (end.node !== undefined && name !== undefined) connect(edit, doc, specs, start, { node: end.node, name });
  }
}

function dropUnused(doc: Document, id: string): void {
  const graphs: Workflow[] = [doc.file, ...definitionsOf(doc.file).values()];
  if (graphs.some((graph) => graph.nodes.some((node) => node.type === id))) return;
  const path = definitionPaths(doc.file).get(id);
  if (!path) return;
  doc.editFile("Drop definition", (edit) => {
    edit.removeAt(path.slice(0, -1), Number(path.at(-1)));
  });
}

/** Show an inner widget on the instances; called on the level inside. */
export function promoteWidget(inside: Document, specs: Specs, key: Key, widget: string): void {
  inside.edit(`Promote ${widget}`, (edit) => {
    connect(edit, inside, specs, { node: INPUTS, slot: slotsOf(inside.raw, "inputs").length }, { node: key, name: widget });
  });
}

/** Remove an input or output of a subgraph, with the sockets, wires and values of its instances. */
export function removeSlot(inside: Document, side: Side, slot: number): void {
  const id = inside.subgraph;
  const name = slotsOf(inside.raw, side)[slot]?.["name"];
  if (id === null || typeof name !== "string") return;
  inside.edit("Remove slot", (edit) => {
    for (const level of [null, ...definitionPaths(inside.file).keys()]) {
      const doc = level === null ? inside.root() : inside.inside(level);
      for (const node of [...doc.raw.nodes]) {
        if (node.type === id) closeSocket(doc, inside, node, side, name);
      }
    }
    dropSlot(edit, inside, side, slot, (link) => {
      cut(edit, inside, link);
    });
  });
}

function closeSocket(doc: Document, inside: Document, node: RawNode, side: Side, name: string): void {
  const key = keyOf(node.id);
  doc.edit("Close socket", (edit) => {
    const values = node["widgets_values"];
    const at = side === "inputs" ? promotedNames(node, inside).indexOf(`${OWN}/${name}`) : -1;
    if (at >= 0 && Array.isArray(values) && at < values.length) edit.removeAt([...doc.nodePath(key), "widgets_values"], at);
    const socket = (node[side] ?? []).findIndex((s) => s.name === name);
    if (socket < 0) return;
    const [end, place] = side === "inputs" ? (["to", "toSlot"] as const) : (["from", "fromSlot"] as const);
    for (const link of [...doc.linksOf(key)]) {
      if (link[end] !== key) continue;
      if (link[place] === socket) cut(edit, doc, keyOf(link.id));
      else if (link[place] > socket) renumber(edit, doc, link.id, side, link[place] - 1);
    }
    edit.removeAt([...doc.nodePath(key), side], socket);
  });
}

function renumber(edit: Edit, doc: Document, id: Id, side: Side, to: number): void {
  const at = doc.linkIndex(keyOf(id));
  if (at === undefined) return;
  const tuple = Array.isArray(doc.raw.links[at]);
  const field = side === "inputs" ? (tuple ? 4 : "target_slot") : tuple ? 2 : "origin_slot";
  edit.set(["links", at, field], to);
}
