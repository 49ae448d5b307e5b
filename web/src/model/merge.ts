/** Joining two versions of a workflow that grew from one. */
import { adopt } from "./adopt";
import { compare, levelOf, placeOf, type Unit } from "./compare";
import { definitionPaths, Document } from "./document";
import { cloneJson, isObject, type Json, type JsonObject, sameJson } from "./json";
import type { Specs } from "./schema";
import { type Key, keyOf, type RawNode, readLink, type Workflow } from "./workflow";

export interface Merged {
  /** Mine with everything of theirs that mine does not contradict. */
  raw: Workflow;
  /** Theirs, with nodes renumbered that took an id which mine gave to another node. */
  theirs: Workflow;
  /** Places (`placeOf`) where both changed the same thing differently; mine stands there. */
  clashes: ReadonlySet<string>;
}

/** Three-way merge; nothing that is passed in is changed. */
export function merge(base: Workflow, mine: Workflow, theirs: Workflow, specs: Specs): Merged {
  const renumbered = renumber(base, mine, theirs);
  const [from, there] = [new Document(base), new Document(renumbered)];
  const ours = compare(from, new Document(mine));
  const taken: Unit[] = [];
  const clashes = new Set<string>();
  for (const unit of compare(from, there)) {
    if (!contradicts(unit, ours)) taken.push(unit);
    else if (!isLayout(unit) && !ours.some((own) => wantSame(own, unit))) clashes.add(placeOf(unit));
  }
  const merged = new Document(cloneJson(mine));
  adopt(merged, there, specs, taken, "Merge");
  const wanted = new Set(taken.map(placeOf));
  // A wire that would have closed a loop with mine could not be taken.
  for (const left of compare(merged, there)) if (wanted.has(placeOf(left))) clashes.add(placeOf(left));
  return { raw: merged.file, theirs: renumbered, clashes };
}

const wantSame = (a: Unit, b: Unit): boolean => placeOf(a) === placeOf(b) && sameJson((a.now ?? null) as Json, (b.now ?? null) as Json);

const LAYOUT = new Set<string | number | undefined>(["pos", "size", "flags", "extra", "bounding", "config"]);

/** Only looks: mine wins without a word. */
export const isLayout = (unit: Unit): boolean => (unit.kind === "field" || unit.kind === "rest") && LAYOUT.has(unit.path[0]);

/** Whether any of my changes speaks against a change of theirs. */
function contradicts(unit: Unit, ours: readonly Unit[]): boolean {
  const place = placeOf(unit);
  return ours.some((own) => own.level === unit.level && (placeOf(own) === place || removes(own, unit) || removes(unit, own)));
}

/** Whether one change takes a node away, or puts another in its place, that the other change relies on. */
function removes(one: Unit, other: Unit): boolean {
  if (one.kind !== "node" || one.was === null || isLayout(other)) return false;
  if (other.kind === "field" || other.kind === "wire") {
    return other.node === one.node || (other.kind === "wire" && other.now?.node === one.node);
  }
  return false;
}

/** Theirs with fresh ids for new nodes whose ids mine gave to other new nodes. */
function renumber(base: Workflow, mine: Workflow, theirs: Workflow): Workflow {
  const copy = cloneJson(theirs);
  const [from, own, other] = [new Document(base), new Document(mine), new Document(copy)];
  const known = definitionPaths(mine);
  for (const level of [null, ...definitionPaths(copy).keys()]) {
    if (level !== null && !known.has(level)) continue;
    const [before, here, there] = [levelOf(from, level), levelOf(own, level), levelOf(other, level)];
    const taken = there.raw.nodes.filter((node) => {
      const rival = here.node(keyOf(node.id));
      return rival && !before.node(keyOf(node.id)) && !sameNode(rival, node);
    });
    if (taken.length === 0) continue;
    let last = Math.max(...[here, there].flatMap(({ raw }) => raw.nodes.map((node) => Number(node.id) || 0)));
    const ids = new Map(taken.map((node) => [keyOf(node.id), ++last]));
    rename(there.raw, ids);
    if (level !== null) renameProxies(copy, level, ids);
  }
  return copy;
}

const sameNode = (a: RawNode, b: RawNode): boolean => a.type === b.type && sameJson(a["widgets_values"] ?? null, b["widgets_values"] ?? null);

function rename(graph: Workflow, ids: ReadonlyMap<Key, number>): void {
  for (const node of graph.nodes) node.id = ids.get(keyOf(node.id)) ?? node.id;
  for (const raw of graph.links as Json[] | undefined ?? []) {
    const link = readLink(raw);
    if (!link || raw === null || typeof raw !== "object") continue;
    const [from, to] = [ids.get(link.from), ids.get(link.to)];
    const ends = raw as JsonObject;
    if (from !== undefined) ends[Array.isArray(raw) ? 1 : "origin_id"] = from;
    if (to !== undefined) ends[Array.isArray(raw) ? 3 : "target_id"] = to;
  }
}

/** Instances name promoted widgets by the ids of inner nodes. */
function renameProxies(file: Workflow, definition: string, ids: ReadonlyMap<Key, number>): void {
  const root = new Document(file);
  for (const level of [null, ...definitionPaths(file).keys()]) {
    for (const node of levelOf(root, level).raw.nodes) {
      const proxies = node.type === definition && isObject(node["properties"]) ? node["properties"]["proxyWidgets"] : null;
      for (const proxy of Array.isArray(proxies) ? proxies : []) {
        const id = Array.isArray(proxy) ? ids.get(String(proxy[0] as string)) : undefined;
        if (Array.isArray(proxy) && id !== undefined) proxy[0] = String(id);
      }
    }
  }
}
