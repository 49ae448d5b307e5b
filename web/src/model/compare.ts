/**
 * What two versions of a workflow have different, in units that can be taken one by one.
 *
 * A unit says what stands here and what stands there; to take it is to make here like there.
 * Invariant: pure. Wires are named by the input that they end at, since link ids mean nothing
 * across versions. Left out is what follows from the rest (lists of link ids, counters, order) and
 * what belongs to a view of the file (camera, reroute points).
 */
import { slotsOf } from "./boundary";
import { Document, definitionPaths } from "./document";
import { isObject, type Json, type JsonObject, sameJson } from "./json";
import type { Path } from "./patch";
import { groupsOf, type Key, keyOf, type RawGroup, type RawNode, type RawSlot, readPair, type Workflow } from "./workflow";

/** The id of a subgraph's definition; null for the root of the file. */
export type LevelId = string | null;

/** Where a wire starts. */
export interface Source {
  node: Key;
  slot: number;
}

export type Unit =
  | { kind: "node"; level: LevelId; node: Key; was: RawNode | null; now: RawNode | null }
  | { kind: "field"; level: LevelId; node: Key; path: Path; was: Json | undefined; now: Json | undefined }
  | { kind: "wire"; level: LevelId; node: Key; input: string; was: Source | null; now: Source | null }
  | { kind: "group"; level: LevelId; group: string; was: RawGroup | null; now: RawGroup | null }
  | { kind: "rest"; level: LevelId; path: Path; was: Json | undefined; now: Json | undefined };

/** Where a unit applies: two units of one place contradict each other unless they want the same. */
export function placeOf(unit: Unit): string {
  const where = [unit.kind, unit.level ?? ""];
  if (unit.kind === "node") return [...where, unit.node].join("\n");
  if (unit.kind === "field") return [...where, unit.node, ...unit.path].join("\n");
  if (unit.kind === "wire") return [...where, unit.node, unit.input].join("\n");
  return [...where, ...(unit.kind === "group" ? [unit.group] : unit.path)].join("\n");
}

/** What has to change in `here` to make it `there`; both are roots. */
export function compare(here: Document, there: Document): Unit[] {
  const both = [...definitionPaths(here.file).keys()].filter((id) => definitionPaths(there.file).has(id));
  return [null, ...both].flatMap((level) => {
    const [mine, other] = [levelOf(here, level), levelOf(there, level)];
    return [
      ...compareRest(level, mine.raw, other.raw),
      ...compareNodes(level, mine, other),
      ...compareGroups(level, mine.raw, other.raw),
      ...compareWires(level, mine, other),
    ];
  });
}

export const levelOf = (root: Document, level: LevelId): Document => (level === null ? root : root.inside(level));

function compareNodes(level: LevelId, here: Document, there: Document): Unit[] {
  const gone = here.raw.nodes.filter((node) => !there.node(keyOf(node.id)));
  return [
    ...gone.map((was): Unit => ({ kind: "node", level, node: keyOf(was.id), was, now: null })),
    ...there.raw.nodes.flatMap((now): Unit[] => {
      const node = keyOf(now.id);
      const was = here.node(node);
      if (was?.type !== now.type) return [{ kind: "node", level, node, was: was ?? null, now }];
      return compareFields(was, now).map((field) => ({ kind: "field", level, node, ...field }));
    }),
  ];
}

interface Field {
  path: Path;
  was: Json | undefined;
  now: Json | undefined;
}

/** Follows from the place in the file or from the wires. */
const DERIVED = new Set(["id", "type", "order"]);

function compareFields(was: RawNode, now: RawNode): Field[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])].filter((name) => !DERIVED.has(name));
  return names.flatMap((name): Field[] => {
    if (name === "inputs" || name === "outputs") return compareValue([name], sockets(was[name]), sockets(now[name]));
    if (name === "pos" || name === "size") {
      const [a, b] = [readPair(was[name], [NaN, NaN]), readPair(now[name], [NaN, NaN])];
      return sameJson(a, b) ? [] : [{ path: [name], was: was[name], now: now[name] }];
    }
    return compareParts([name], was[name], now[name]);
  });
}

/** Lists of one length and objects are compared part by part, one level deep. */
function compareParts(path: Path, was: Json | undefined, now: Json | undefined): Field[] {
  if (Array.isArray(was) && Array.isArray(now) && was.length === now.length) {
    return now.flatMap((value, i) => compareValue([...path, i], was[i], value));
  }
  if (!isObject(was) || !isObject(now)) return compareValue(path, was, now);
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])];
  return names.flatMap((name) => compareValue([...path, name], was[name], now[name]));
}

const compareValue = (path: Path, was: Json | undefined, now: Json | undefined): Field[] =>
  sameJson(was ?? null, now ?? null) ? [] : [{ path, was, now }];

/** The sockets of a node without what wires and drawing wrote there; those of widgets come and go with wires. */
function sockets(slots: readonly RawSlot[] | undefined): Json {
  return (slots ?? []).filter((slot) => !slot.widget).map(({ name, type, label = null }) => ({ name, type, label }));
}

/** The wires of a level by `<node>\n<input>`. */
export function wiresOf(doc: Document): Map<string, { node: Key; input: string; from: Source }> {
  return new Map(
    doc.links().map((link) => {
      const input = doc.node(link.to)?.inputs?.[link.toSlot]?.name ?? `#${String(link.toSlot)}`;
      return [`${link.to}\n${input}`, { node: link.to, input, from: { node: link.from, slot: link.fromSlot } }];
    }),
  );
}

function compareWires(level: LevelId, here: Document, there: Document): Unit[] {
  const [mine, other] = [wiresOf(here), wiresOf(there)];
  return [...new Map([...mine, ...other])].flatMap(([place, { node, input }]): Unit[] => {
    // With a node that leaves, its wires leave.
    if (!there.node(node)) return [];
    const [was, now] = [mine.get(place)?.from ?? null, other.get(place)?.from ?? null];
    return was?.node === now?.node && was?.slot === now?.slot ? [] : [{ kind: "wire", level, node, input, was, now }];
  });
}

/** Groups by id, or where a file has none by title and how many of that title came before. */
export function groupKeys(graph: Workflow): Map<string, RawGroup> {
  const seen = new Map<string, number>();
  return new Map(
    groupsOf(graph).map((group) => {
      const name = group["id"] != null ? `#${String(group["id"] as number)}` : group.title;
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return [before > 0 ? `${name}/${String(before)}` : name, group];
    }),
  );
}

function compareGroups(level: LevelId, here: Workflow, there: Workflow): Unit[] {
  const [mine, other] = [groupKeys(here), groupKeys(there)];
  return [...new Set([...mine.keys(), ...other.keys()])].flatMap((group): Unit[] => {
    const [was, now] = [mine.get(group) ?? null, other.get(group) ?? null];
    return sameJson(was, now) ? [] : [{ kind: "group", level, group, was, now }];
  });
}

const COUNTED = ["nodes", "links", "groups", "definitions", "reroutes", "floatingLinks", "last_node_id", "last_link_id", "state", "version", "revision", "id"];
const NOT_REST = new Set(COUNTED);
/** Of `extra`: the camera, the program, and what names links by their ids. */
const VIEW = new Set(["ds", "frontendVersion", "workflowRendererVersion", "reroutes", "linkExtensions", "linkPresentation"]);

function compareRest(level: LevelId, here: Workflow, there: Workflow): Unit[] {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])].filter((name) => !NOT_REST.has(name));
  const fields = names.flatMap((name): Field[] => {
    if (level !== null && (name === "inputs" || name === "outputs")) return compareBorder(name, here, there);
    if (name !== "extra") return compareValue([name], here[name], there[name]);
    return compareParts(["extra"], withoutView(here["extra"]), withoutView(there["extra"]));
  });
  return fields.map((field) => ({ kind: "rest", level, ...field }));
}

const withoutView = (extra: Json | undefined): JsonObject =>
  Object.fromEntries(Object.entries(isObject(extra) ? extra : {}).filter(([name]) => !VIEW.has(name)));

/** What comes into a subgraph or goes out, without the wires inside. */
function compareBorder(side: "inputs" | "outputs", here: Workflow, there: Workflow): Field[] {
  const plain = (graph: Workflow): Json => slotsOf(graph, side).map((slot) => ({ ...slot, linkIds: undefined, pos: undefined }));
  return sameJson(plain(here), plain(there)) ? [] : [{ path: [side], was: here[side], now: there[side] }];
}
