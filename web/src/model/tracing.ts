/**
 * Following a wire back to what really feeds it.
 *
 * Reroutes, primitives, named wires, bypassed nodes and the borders of subgraphs exist on the
 * canvas only; behind them stands a node's output, a constant, or nothing.
 */
import { INPUTS, OUTPUTS, slotsOf } from "./boundary";
import type { Json } from "./json";
import { instanceInput, type Level, OWN, promotedValues } from "./levels";
import type { Specs } from "./schema";
import { compatible, typesOf } from "./types";
import { keyOf, type Key, type Link, Mode, modeOf, type RawNode } from "./workflow";

/** An output by execution id, or a constant sent in place of a wire. */
export type Source = { from: Key; fromSlot: number } | { value: Json };

interface Next {
  level: Level;
  link: Link | null;
  /** The constant that counts if the wire leads nowhere. */
  fallback?: Source | null;
}

/** Follow a wire back; null if it leads nowhere. */
export function resolve(levels: ReadonlyMap<string, Level>, specs: Specs, level: Level, link: Link): Source | null {
  const seen = new Set<string>();
  let fallback: Source | null = null;
  let at: Next = { level, link };
  while (at.link) {
    const place = `${at.level.path}${keyOf(at.link.id)}`;
    if (seen.has(place)) return fallback;
    seen.add(place);
    const step = stepBack(levels, specs, at.level, at.link);
    if (!step || !("link" in step)) return step ?? fallback;
    fallback = step.fallback ?? fallback;
    at = step;
  }
  return fallback;
}

function stepBack(
  levels: ReadonlyMap<string, Level>,
  specs: Specs,
  level: Level,
  link: Link,
): Source | Next | null {
  if (link.from === INPUTS && level.outer) return outside(level, link.fromSlot);
  const node = level.doc.node(link.from);
  if (!node || modeOf(node) === Mode.Mute) return null;
  if (node.type === "PrimitiveNode") return primitive(node);
  if (node.type === "Reroute" || node.type === "SetNode") return linked(level, node, 0);
  if (node.type === "GetNode") return named(level, node);
  if (modeOf(node) === Mode.Bypass) return linked(level, node, passing(node, link));
  const inner = levels.get(`${level.path}${link.from}:`);
  if (inner) return inside(inner, node, link.fromSlot);
  if (specs.get(node.type)?.virtual) return null;
  return { from: level.path + link.from, fromSlot: link.fromSlot };
}

function primitive(node: RawNode): Source {
  const stored = node["widgets_values"];
  return { value: (Array.isArray(stored) ? stored[0] : undefined) ?? null };
}

function linked(level: Level, node: RawNode, slot: number): Next | null {
  const id = node.inputs?.[slot]?.link;
  return id == null ? null : { level, link: level.doc.link(keyOf(id)) };
}

/** What feeds an input of the instance around a level: a wire, or the instance's own widget. */
function outside(level: Level, slot: number): Source | Next | null {
  const { outer } = level;
  if (!outer) return null;
  const { name, socket } = instanceInput(outer.instance, level.doc.raw, slot);
  if (name === null) return null;
  const own = ownValue(level, name);
  if (socket?.link == null) return own;
  return { level: outer.level, link: outer.level.doc.link(keyOf(socket.link)), fallback: own };
}

/** The constant for an input of the instance around a level; what instances farther out set wins. */
export function ownValue(level: Level, name: string): Source | null {
  const { outer } = level;
  if (!outer) return null;
  const own = promotedValues(outer.instance, level.doc).get(`${OWN}/${name}`);
  const around = outer.level.outer && promotedValues(outer.level.outer.instance, outer.level.doc);
  const value = around?.get(`${keyOf(outer.instance.id)}/${name}`) ?? own;
  return value === undefined ? null : { value };
}

/** The wire into the set node of the same name, here or in a level around. */
function named(level: Level, node: RawNode): Next | null {
  const name = wireName(node);
  for (let at: Level | null = level; at; at = at.outer?.level ?? null) {
    const set = at.doc.raw.nodes.find(
      (n) => n.type === "SetNode" && wireName(n) === name && modeOf(n) !== Mode.Mute,
    );
    if (set) return linked(at, set, 0);
  }
  return null;
}

function wireName(node: RawNode): Json | undefined {
  const values = node["widgets_values"];
  return Array.isArray(values) ? values[0] : undefined;
}

function inside(inner: Level, instance: RawNode, slot: number): Next | null {
  const names = slotsOf(inner.doc.raw, "outputs").map((s) => s["name"]);
  const wanted = instance.outputs?.[slot]?.name;
  const at = wanted === undefined || names[slot] === wanted || !names.includes(wanted) ? slot : names.indexOf(wanted);
  const link = inner.doc.linksOf(OUTPUTS).find((l) => l.to === OUTPUTS && l.toSlot === at);
  return link ? { level: inner, link } : null;
}

/** The input that stands in for an output of a bypassed node; -1 if none fits. */
function passing(node: RawNode, link: Link): number {
  const inputs = node.inputs ?? [];
  const output = node.outputs?.[link.fromSlot];
  if (!output) return -1;
  const same = inputs[link.fromSlot];
  if (same && compatible(same.type, output.type)) return link.fromSlot;
  if (typesOf(output.type).includes("*")) return inputs.length > 0 ? 0 : -1;
  const wanted = typesOf(output.type).join();
  const equal = inputs.findIndex((slot) => typesOf(slot.type).join() === wanted);
  return equal >= 0 ? equal : inputs.findIndex((slot) => compatible(slot.type, output.type));
}
