/**
 * The levels of a file that run: the root and the inside of every subgraph instance.
 *
 * Execution ids are paths such as `12:34`; a level's `path` ends with a colon.
 */
import { t } from "../i18n";
import { INPUTS, slotsOf } from "./boundary";
import { definitionsOf, Document } from "./document";
import { isObject, type Json, type JsonObject } from "./json";
import { storedValues } from "./widgets";
import { keyOf, type Key, Mode, modeOf, type RawNode, type RawSlot, type Workflow } from "./workflow";

export interface Level {
  path: string;
  doc: Document;
  /** The level around it with the instance node there; null at the root. */
  outer: { level: Level; instance: RawNode } | null;
}

/** How an instance names a widget of the subgraph itself, in place of an inner node's id. */
export const OWN = "-1";

/** Every level by path, outer ones first. Muted and bypassed instances have no inside. */
export function levelsOf(root: Document): Map<string, Level> {
  const definitions = definitionsOf(root.file);
  const insides = new Map([...definitions.keys()].map((id) => [id, root.inside(id)]));
  const levels = new Map<string, Level>();
  const open: Level[] = [{ path: "", doc: root, outer: null }];
  for (let level = open.pop(); level; level = open.pop()) {
    levels.set(level.path, level);
    for (const instance of [...level.doc.raw.nodes].reverse()) {
      const inside = insides.get(instance.type);
      const off = modeOf(instance) === Mode.Mute || modeOf(instance) === Mode.Bypass;
      if (!inside || off) continue;
      refuseRecursion(instance, level);
      open.push({ path: `${level.path}${keyOf(instance.id)}:`, doc: inside, outer: { level, instance } });
    }
  }
  return levels;
}

function refuseRecursion(node: RawNode, level: Level): void {
  for (let at = level.outer; at; at = at.level.outer) {
    if (at.instance.type !== node.type) continue;
    throw new Error(t("Subgraph node {node} contains itself; remove the inner copy.", { node: level.path + keyOf(node.id) }));
  }
}

/** The name of a subgraph's input and the instance's socket for it, which files may leave out. */
export function instanceInput(
  instance: RawNode,
  definition: Workflow,
  slot: number,
): { name: string | null; socket: RawSlot | undefined } {
  const named = slotsOf(definition, "inputs")[slot]?.["name"];
  if (typeof named !== "string") {
    const socket = instance.inputs?.[slot];
    return { name: socket?.name ?? null, socket };
  }
  return { name: named, socket: instance.inputs?.find((s) => s.name === named) };
}

/** Values an instance sets, by `<inner node id or -1>/<widget>`. */
export function promotedValues(instance: RawNode, inside: Document): Map<string, Json> {
  const values = storedValues(instance);
  const found = new Map<string, Json>();
  if (isObject(values)) {
    for (const [name, value] of Object.entries(values)) if (value != null) found.set(`${OWN}/${name}`, value);
    return found;
  }
  const list = Array.isArray(values) ? values : [];
  promotedNames(instance, inside).forEach((name, i) => {
    const value = list[i];
    if (value != null) found.set(name, value);
  });
  return found;
}

/** What the values of an instance belong to, in their order. */
export function promotedNames(instance: RawNode, inside: Document): string[] {
  const proxies = proxiesOf(instance);
  if (proxies.length > 0) return proxies.map(([owner, name]) => `${owner}/${name}`);
  return widgetInputs(inside).map((name) => `${OWN}/${name}`);
}

export function proxiesOf(instance: RawNode): [string, string][] {
  const properties = instance["properties"];
  const proxies = isObject(properties) ? properties["proxyWidgets"] : null;
  if (!Array.isArray(proxies)) return [];
  return proxies.flatMap((p): [string, string][] =>
    Array.isArray(p) ? [[String(p[0] as string), String(p[1] as string)]] : []);
}

/** Inputs of a subgraph that lead to a widget inside, in order. */
export function widgetInputs(inside: Document): string[] {
  return slotsOf(inside.raw, "inputs").flatMap((slot, i) =>
    widgetTarget(inside, i) ? [String(slot["name"] as string)] : []);
}

/** The first inner widget that input `slot` of a subgraph feeds. */
export function widgetTarget(inside: Document, slot: number): { key: Key; widget: string } | null {
  for (const link of inside.linksOf(INPUTS)) {
    if (link.from !== INPUTS || link.fromSlot !== slot) continue;
    const socket = inside.node(link.to)?.inputs?.[link.toSlot];
    if (socket?.widget) return { key: link.to, widget: socket.widget.name };
  }
  return null;
}

export type Definition = JsonObject & Workflow;
