/** What a user does to nodes, each as one undoable step. */
import { isBoundary } from "./boundary";
import type { Document, Edit } from "./document";
import { makeNode } from "./factory";
import { takeNodeId } from "./ids";
import type { Json } from "./json";
import { valueAt } from "./patch";
import type { NodeSpec, Specs } from "./schema";
import { inputSockets } from "./slots";
import { compatible } from "./types";
import { nextValue, readWidget, type Widget, widgetsOf, widgetsOfNode, writeWidget } from "./widgets";
import { connect, cut, type InputEnd, type OutputEnd } from "./wiring";
import { flagsOf, type Key, keyOf, likePair, Mode, modeOf, posOf, type RawNode } from "./workflow";

export interface Point {
  x: number;
  y: number;
}

/** Add a node; returns its key. */
export function addNode(doc: Document, spec: NodeSpec, at: Point, size: readonly [number, number]): Key {
  let key = "";
  doc.edit(`Add ${spec.title}`, (edit) => {
    key = insertNode(edit, doc, spec, at, size);
  });
  return key;
}

/** Add a node inside a larger step. */
export function insertNode(
  edit: Edit,
  doc: Document,
  spec: NodeSpec,
  at: Point,
  size: readonly [number, number],
): Key {
  const id = takeNodeId(edit, doc.raw);
  edit.push(["nodes"], makeNode(spec, id, [at.x, at.y], size, doc.raw.nodes.length));
  return keyOf(id);
}

/** Remove nodes and every wire at them. */
export function removeNodes(doc: Document, keys: readonly Key[], label = "Delete"): void {
  doc.edit(label, (edit) => {
    for (const key of keys) {
      if (!doc.node(key) || isBoundary(key)) continue;
      for (const link of [...doc.linksOf(key)]) cut(edit, doc, keyOf(link.id));
      edit.removeAt(["nodes"], Number(doc.nodePath(key)[1]));
    }
  });
}

/** Put nodes where they are dragged to; one gesture is one step. */
export function moveNodes(doc: Document, to: ReadonlyMap<Key, Point>, gesture: string | null): void {
  doc.edit("Move", (edit) => {
    for (const [key, at] of to) placeNode(edit, doc, key, at);
  }, gesture);
}

export function placeNode(edit: Edit, doc: Document, key: Key, at: Point): void {
  const node = doc.node(key);
  if (!node) return;
  const [x, y] = posOf(node);
  if (x === at.x && y === at.y) return;
  if (isBoundary(key)) {
    const path = [...doc.nodePath(key), "bounding"];
    const [, , w = 120, h = 60] = list(valueAt(doc.raw, path));
    edit.set(path, [at.x, at.y, w, h]);
  } else edit.set([...doc.nodePath(key), "pos"], likePair(node["pos"], at.x, at.y));
}

export function resizeNode(doc: Document, key: Key, w: number, h: number, gesture: string | null): void {
  const node = doc.node(key);
  if (!node || isBoundary(key)) return;
  doc.edit("Resize", (edit) => {
    edit.set([...doc.nodePath(key), "size"], likePair(node["size"], w, h));
  }, gesture);
}

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** The nodes of the file among some keys: the border of a subgraph is none. */
const realNodes = (doc: Document, keys: readonly Key[]): RawNode[] =>
  keys.flatMap((key) => (isBoundary(key) ? [] : (doc.node(key) ?? [])));

/** Mute or bypass; a second time on nodes that all have the mode switches it off. */
export function toggleMode(doc: Document, keys: readonly Key[], mode: number): void {
  const nodes = realNodes(doc, keys);
  const off = nodes.length > 0 && nodes.every((node) => modeOf(node) === mode);
  const word = mode === Mode.Bypass ? "Bypass" : "Mute";
  doc.edit(off ? `Un${word.toLowerCase()}` : word, (edit) => {
    for (const node of nodes) {
      edit.set([...doc.nodePath(keyOf(node.id)), "mode"], off ? Mode.Always : mode);
    }
  });
}

/** Collapse, or open again if all of them are collapsed. */
export function toggleCollapse(doc: Document, keys: readonly Key[]): void {
  const nodes = realNodes(doc, keys);
  const open = nodes.every((node) => flagsOf(node)["collapsed"] === true);
  doc.edit(open ? "Expand" : "Collapse", (edit) => {
    for (const node of nodes) {
      const path = [...doc.nodePath(keyOf(node.id)), "flags"];
      edit.set(path, { ...flagsOf(node), collapsed: open ? undefined : true });
    }
  });
}

export function renameNode(doc: Document, key: Key, title: string): void {
  if (isBoundary(key)) return;
  doc.edit("Rename", (edit) => {
    edit.set([...doc.nodePath(key), "title"], title === "" ? undefined : title);
  });
}

/** Set a widget; edits of one scrub or one typing session share a gesture. */
export function setWidget(
  doc: Document,
  specs: Specs,
  key: Key,
  name: string,
  value: Json,
  gesture: string | null = null,
): void {
  const node = doc.node(key);
  const spec = node && specs.get(node.type);
  const widgets = node ? widgetsOfNode(node, spec) : [];
  const widget = widgets.find((candidate) => candidate.name === name);
  if (!node || !widget || readWidget(node, widgets, widget) === value) return;
  doc.edit(`Set ${name}`, (edit) => {
    writeWidget(edit, doc.nodePath(key), node, widgets, widget, value);
  }, gesture);
}

export function connectNodes(doc: Document, specs: Specs, from: OutputEnd, to: InputEnd): void {
  doc.edit("Connect", (edit) => {
    connect(edit, doc, specs, from, to);
  });
}

export function disconnect(doc: Document, link: Key): void {
  doc.edit("Disconnect", (edit) => {
    cut(edit, doc, link);
  });
}

/** Remove nodes but join what they connected, where the types allow it. */
export function dissolve(doc: Document, specs: Specs, keys: readonly Key[]): void {
  doc.edit("Dissolve", (edit) => {
    for (const key of keys.filter((k) => !isBoundary(k))) {
      rejoin(edit, doc, specs, key);
      for (const link of [...doc.linksOf(key)]) cut(edit, doc, keyOf(link.id));
      edit.removeAt(["nodes"], Number(doc.nodePath(key)[1]));
    }
  });
}

function rejoin(edit: Edit, doc: Document, specs: Specs, key: Key): void {
  const links = [...doc.linksOf(key)];
  const incoming = links.filter((link) => link.to === key);
  for (const out of links.filter((link) => link.from === key)) {
    const source = incoming.find((link) => compatible(link.type, out.type));
    const name = doc.node(out.to)?.inputs?.[out.toSlot]?.name;
    if (!source || name === undefined) continue;
    connect(edit, doc, specs, { node: source.from, slot: source.fromSlot }, { node: out.to, name });
  }
}

/**
 * Advance seeds and other controlled widgets after a run was queued.
 *
 * The step counts as automatic: undo takes it back together with what the user did before.
 */
export function advanceControls(doc: Document, specs: Specs, random: () => number): void {
  const patch = doc.edit("Next seed", (edit) => {
    for (const node of doc.raw.nodes) {
      const spec = specs.get(node.type);
      if (!spec || modeOf(node) !== Mode.Always) continue;
      const widgets = widgetsOf(spec);
      const linked = new Set(inputSockets(node, spec).flatMap((s) => (s.link && s.widget) ?? []));
      for (const control of widgets.filter((w) => w.kind === "control")) {
        const target = widgets[control.index - 1];
        if (!target || linked.has(target.name)) continue;
        advance(edit, doc, keyOf(node.id), widgets, target, control, random);
      }
    }
  });
  if (patch) patch.automatic = true;
}

function advance(
  edit: Edit,
  doc: Document,
  key: Key,
  widgets: readonly Widget[],
  target: Widget,
  control: Widget,
  random: () => number,
): void {
  const node = doc.node(key);
  if (!node) return;
  const value = readWidget(node, widgets, target);
  const next = nextValue(target, readWidget(node, widgets, control), value, random);
  if (next !== value) writeWidget(edit, doc.nodePath(key), node, widgets, target, next);
}
