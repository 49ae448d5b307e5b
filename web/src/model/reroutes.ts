/**
 * Native reroutes: points that a wire passes, shared by wires of one source.
 *
 * A wire names the reroute nearest its input as `parentId`, each reroute the one before it. Files
 * of version 0.4 keep them in `extra`, subgraphs and version 1 beside the links.
 */
import type { Document, Edit } from "./document";
import { isObject, type Json, type JsonObject } from "./json";
import { type Path, valueAt } from "./patch";
import { type Id, type Key, keyOf, likePair, readPair, type Workflow } from "./workflow";

export interface Reroute {
  id: Id;
  x: number;
  y: number;
  parent: Key | null;
  links: Key[];
}

const isModern = (graph: Workflow): boolean => graph["version"] === 1 || isObject(graph["inputNode"]);
const listPath = (graph: Workflow): Path => (isModern(graph) ? ["reroutes"] : ["extra", "reroutes"]);

const rawList = (graph: Workflow): JsonObject[] => {
  const list = valueAt(graph, listPath(graph));
  return Array.isArray(list) ? list.filter(isObject) : [];
};

const keyOrNull = (id: Json | undefined): Key | null => (id == null ? null : keyOf(id as Id));

export function reroutesOf(graph: Workflow): Map<Key, Reroute> {
  const entries = rawList(graph).map((raw): [Key, Reroute] => {
    const [x, y] = readPair(raw["pos"], [0, 0]);
    const links = (Array.isArray(raw["linkIds"]) ? raw["linkIds"] : []).map((id) => keyOf(id as Id));
    return [keyOf(raw["id"] as Id), { id: raw["id"] as Id, x, y, parent: keyOrNull(raw["parentId"]), links }];
  });
  return new Map(entries);
}

/** The reroute nearest the input of each wire that has one. */
export function wireParents(doc: Document): Map<Key, Key> {
  const found = new Map<Key, Key>();
  for (const raw of (doc.raw as Partial<Workflow>).links ?? []) {
    if (isObject(raw) && raw["parentId"] != null) found.set(keyOf(raw["id"] as Id), keyOf(raw["parentId"] as Id));
  }
  for (const raw of extensions(doc.raw)) {
    if (isObject(raw) && raw["parentId"] != null) found.set(keyOf(raw["id"] as Id), keyOf(raw["parentId"] as Id));
  }
  return found;
}

function extensions(graph: Workflow): Json[] {
  const list = valueAt(graph, ["extra", "linkExtensions"]);
  return Array.isArray(list) ? list : [];
}

/** The reroutes a wire passes, from its output on. */
export function chainOf(reroutes: ReadonlyMap<Key, Reroute>, parent: Key | undefined): Reroute[] {
  const chain: Reroute[] = [];
  const seen = new Set<Key>();
  for (let at = parent; at !== undefined && !seen.has(at); at = reroutes.get(at)?.parent ?? undefined) {
    seen.add(at);
    const reroute = reroutes.get(at);
    if (reroute) chain.unshift(reroute);
  }
  return chain;
}

/** Put a reroute on a wire, `segment` reroutes from its output; returns its key. */
export function addReroute(doc: Document, link: Key, segment: number, x: number, y: number): Key {
  const all = reroutesOf(doc.raw);
  const chain = chainOf(all, wireParents(doc).get(link));
  const id = Math.max(0, ...[...all.values()].map((r) => Number(r.id) || 0)) + 1;
  const [before, after] = [chain[segment - 1], chain[segment]];
  doc.edit("Add reroute", (edit) => {
    const links = after ? after.links.map((key) => doc.link(key)?.id ?? key) : [doc.link(link)?.id ?? link];
    const parent: JsonObject = before ? { parentId: before.id } : {};
    ensureList(edit, doc);
    edit.push(listPath(doc.raw), { id, ...parent, pos: [Math.round(x), Math.round(y)], linkIds: links });
    if (after) setParent(edit, doc, keyOf(after.id), id);
    else setWireParent(edit, doc, link, id);
  });
  return keyOf(id);
}

function ensureList(edit: Edit, doc: Document): void {
  if (!isModern(doc.raw) && !isObject(doc.raw["extra"])) edit.set(["extra"], {});
  if (!Array.isArray(valueAt(doc.raw, listPath(doc.raw)))) edit.set(listPath(doc.raw), []);
}

function placeOf(doc: Document, key: Key): Path | null {
  const list = valueAt(doc.raw, listPath(doc.raw));
  const at = Array.isArray(list) ? list.findIndex((raw) => isObject(raw) && keyOf(raw["id"] as Id) === key) : -1;
  return at < 0 ? null : [...listPath(doc.raw), at];
}

function setParent(edit: Edit, doc: Document, key: Key, parent: Id | null): void {
  const path = placeOf(doc, key);
  if (path) edit.set([...path, "parentId"], parent ?? undefined);
}

function setWireParent(edit: Edit, doc: Document, link: Key, parent: Id | null): void {
  const at = doc.linkIndex(link);
  if (at === undefined) return;
  if (isObject(doc.raw.links[at])) {
    edit.set(["links", at, "parentId"], parent ?? undefined);
    return;
  }
  const path = ["extra", "linkExtensions"];
  const known = extensions(doc.raw).findIndex((raw) => isObject(raw) && keyOf(raw["id"] as Id) === link);
  if (known >= 0 && parent === null) edit.removeAt(path, known);
  else if (known >= 0) edit.set([...path, known, "parentId"], parent ?? undefined);
  else if (parent !== null) {
    if (!Array.isArray(valueAt(doc.raw, path))) edit.set(path, []);
    edit.push(path, { id: doc.link(link)?.id ?? link, parentId: parent });
  }
}

/** Lead a wire over reroutes that were loose until now. */
export function hangOn(edit: Edit, doc: Document, link: Key, via: readonly Reroute[]): void {
  const last = via.at(-1);
  if (!last) return;
  setWireParent(edit, doc, link, last.id);
  for (const { id } of via) {
    const path = placeOf(doc, keyOf(id));
    const raw = path && valueAt(doc.raw, path);
    if (!path || !isObject(raw)) continue;
    const ids = Array.isArray(raw["linkIds"]) ? raw["linkIds"] : [];
    edit.set([...path, "linkIds"], [...ids, doc.link(link)?.id ?? link]);
    if (raw["floating"] !== undefined) edit.set([...path, "floating"], undefined);
  }
}

export function moveReroute(doc: Document, key: Key, x: number, y: number, gesture: string | null): void {
  const path = placeOf(doc, key);
  if (!path) return;
  doc.edit("Move reroute", (edit) => {
    edit.set([...path, "pos"], likePair(valueAt(doc.raw, [...path, "pos"]), Math.round(x), Math.round(y)));
  }, gesture);
}

/** Take a reroute off its wires, which then run straight on. */
export function removeReroute(doc: Document, key: Key): void {
  const all = reroutesOf(doc.raw);
  const gone = all.get(key);
  if (!gone) return;
  const parent = gone.parent === null ? null : (all.get(gone.parent)?.id ?? null);
  doc.edit("Remove reroute", (edit) => {
    for (const other of all.values()) if (other.parent === key) setParent(edit, doc, keyOf(other.id), parent);
    for (const [link, at] of wireParents(doc)) if (at === key) setWireParent(edit, doc, link, parent);
    const path = placeOf(doc, key);
    if (path) edit.removeAt(path.slice(0, -1), Number(path.at(-1)));
  });
}

/** A wire is about to go: reroutes that no other wire passes go with it. */
export function forgetWire(edit: Edit, doc: Document, link: Key): void {
  const parent = wireParents(doc).get(link);
  if (parent === undefined) return;
  const chain = chainOf(reroutesOf(doc.raw), parent);
  setWireParent(edit, doc, link, null);
  for (const { id, links } of chain) {
    const path = placeOf(doc, keyOf(id));
    const raw = path && valueAt(doc.raw, path);
    if (!path || !isObject(raw)) continue;
    const at = links.indexOf(link);
    if (links.length > 1 || isObject(raw["floating"])) {
      if (at >= 0) edit.removeAt([...path, "linkIds"], at);
    } else edit.removeAt(path.slice(0, -1), Number(path.at(-1)));
  }
}
