/**
 * Typed views onto the raw workflow JSON (formats: root version 0.4 and version 1).
 *
 * Nothing here copies or normalises: a view reads the shapes found in real files (positions as
 * arrays or `{0,1}` objects, links as tuples or objects) and leaves the JSON as it came.
 */
import { t } from "../i18n";
import type { Json, JsonObject } from "./json";
import { isObject } from "./json";

export type Id = number | string;
/** An id as text, the key of every map: files mix `3` and `"3"`. */
export type Key = string;

export interface RawSlot extends JsonObject {
  name: string;
  type: Json;
  link?: Id | null;
  links?: Id[] | null;
  widget?: JsonObject & { name: string };
}

export interface RawNode extends JsonObject {
  id: Id;
  type: string;
  mode?: number;
  title?: string;
  inputs?: RawSlot[];
  outputs?: RawSlot[];
}

export interface RawGroup extends JsonObject {
  title: string;
  bounding: number[];
}

export interface Workflow extends JsonObject {
  nodes: RawNode[];
  links: Json[];
}

/** A link whichever way the file writes it. */
export interface Link {
  id: Id;
  from: Key;
  fromSlot: number;
  to: Key;
  toSlot: number;
  type: Json;
}

/** Execution modes of a node, as stored in files. */
export const Mode = { Always: 0, Mute: 2, Bypass: 4 } as const;

export const keyOf = (id: Id): Key => String(id);

/** Check the shape that everything else relies on; throws a sentence for the user. */
export function asWorkflow(value: Json): Workflow {
  if (!isObject(value) || !Array.isArray(value["nodes"])) {
    throw new Error(t("This JSON is no workflow: it has no list `nodes`. Save the workflow again from the canvas, or drop a file in API format (one entry per node with `class_type`)."));
  }
  const bad = value["nodes"].findIndex((node) => !isObject(node) || node["id"] == null);
  if (bad >= 0) throw new Error(t("Entry {n} of `nodes` has no `id`.", { n: bad }));
  const links = value["links"];
  if (links != null && !Array.isArray(links)) {
    throw new Error(t("`links` of this workflow is not a list, so its wires cannot be read."));
  }
  return value as Workflow;
}

/** True if the JSON is a prompt in API format: `{id: {class_type, inputs}}`. */
export function isApiPrompt(value: Json): value is JsonObject {
  if (!isObject(value)) return false;
  const nodes = Object.values(value);
  return nodes.length > 0 && nodes.every((n) => isObject(n) && typeof n["class_type"] === "string");
}

/** Read a link tuple or object; null for an entry that is neither. */
export function readLink(raw: Json | undefined): Link | null {
  if (Array.isArray(raw) && raw.length >= 5) {
    return makeLink(raw[0], raw[1], raw[2], raw[3], raw[4], raw[5]);
  }
  if (!isObject(raw)) return null;
  const l = raw;
  return makeLink(l["id"], l["origin_id"], l["origin_slot"], l["target_id"], l["target_slot"], l["type"]);
}

function makeLink(...[id, from, fromSlot, to, toSlot, type]: (Json | undefined)[]): Link | null {
  if (id == null || from == null || to == null) return null;
  return {
    id: id as Id,
    from: keyOf(from as Id),
    fromSlot: Number(fromSlot),
    to: keyOf(to as Id),
    toSlot: Number(toSlot),
    type: type ?? "*",
  };
}

/** Write a link the way this graph writes links: objects in version 1 and in subgraphs. */
export function writeLink(
  workflow: Workflow,
  id: Id,
  from: RawNode,
  fromSlot: number,
  to: RawNode,
  toSlot: number,
  type: Json,
): Json {
  if (workflow["version"] !== 1 && !isObject(workflow["inputNode"])) return [id, from.id, fromSlot, to.id, toSlot, type];
  return {
    id,
    origin_id: from.id,
    origin_slot: fromSlot,
    target_id: to.id,
    target_slot: toSlot,
    type,
  };
}

/** A pair of numbers stored as `[x, y]` or `{0: x, 1: y}`; `fallback` where it is missing. */
export function readPair(value: Json | undefined, fallback: [number, number]): [number, number] {
  if (value == null || typeof value !== "object") return fallback;
  const pair = value as JsonObject;
  const x = Number(pair["0"]);
  const y = Number(pair["1"]);
  return [Number.isFinite(x) ? x : fallback[0], Number.isFinite(y) ? y : fallback[1]];
}

/** The same pair in the shape it was stored in, so that a moved node keeps its file form. */
export function likePair(old: Json | undefined, x: number, y: number): Json {
  return isObject(old) ? { ...old, "0": x, "1": y } : [x, y];
}

export const posOf = (node: RawNode): [number, number] => readPair(node["pos"], [0, 0]);
export const sizeOf = (node: RawNode): [number, number] => readPair(node["size"], [210, 60]);
export const modeOf = (node: RawNode): number => Number(node.mode ?? Mode.Always);
export const flagsOf = (node: RawNode): JsonObject =>
  isObject(node["flags"]) ? node["flags"] : {};
export const isCollapsed = (node: RawNode): boolean => flagsOf(node)["collapsed"] === true;

/** Groups of the workflow that have a usable rectangle. */
export function groupsOf(workflow: Workflow): RawGroup[] {
  const groups = workflow["groups"];
  if (!Array.isArray(groups)) return [];
  return groups.filter((g): g is RawGroup => isObject(g) && Array.isArray(g["bounding"]));
}
