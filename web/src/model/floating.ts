/**
 * Wires of which one end is nowhere: they hang on a reroute until somebody plugs them in.
 *
 * Files keep them as `floatingLinks`: links whose missing end is -1, with the reroute nearest the
 * input side as `parentId`; that reroute says by `floating` which side is loose.
 */
import type { Document } from "./document";
import { isObject, type Json, type JsonObject } from "./json";
import { chainOf, hangOn, type Reroute, reroutesOf } from "./reroutes";
import type { Specs } from "./schema";
import { inputSockets } from "./slots";
import { compatible } from "./types";
import { connect } from "./wiring";
import { type Id, type Key, keyOf } from "./workflow";

const NOWHERE = "-1";

export interface LooseWire {
  id: Key;
  /** The end that is plugged in, and by which slot. */
  node: Key;
  slot: number;
  side: "input" | "output";
  type: Json;
  /** The reroutes it passes, from the output side on. */
  via: readonly Reroute[];
}

const listOf = (doc: Document): readonly Json[] => {
  const list = (doc.raw as unknown as JsonObject)["floatingLinks"];
  return Array.isArray(list) ? list : [];
};

export function looseWires(doc: Document): LooseWire[] {
  const list = listOf(doc).filter(isObject);
  if (list.length === 0) return [];
  const reroutes = reroutesOf(doc.raw);
  return list.flatMap((raw): LooseWire[] => {
    const [from, to] = [keyOf(raw["origin_id"] as Id), keyOf(raw["target_id"] as Id)];
    const parent = raw["parentId"] == null ? undefined : keyOf(raw["parentId"] as Id);
    const via = chainOf(reroutes, parent);
    const side = from === NOWHERE ? "input" : "output";
    const node = side === "output" ? from : to;
    if (via.length === 0 || node === NOWHERE || !doc.node(node)) return [];
    const slot = Number(side === "output" ? raw["origin_slot"] : raw["target_slot"]);
    return [{ id: keyOf(raw["id"] as Id), node, slot, side, type: raw["type"] ?? "*", via }];
  });
}

/** The wire whose loose end is a reroute. */
export const looseAt = (doc: Document, reroute: Key): LooseWire | undefined =>
  looseWires(doc).find(({ side, via }) => keyOf((side === "output" ? via.at(-1) : via[0])?.id ?? "") === reroute);

/** A socket that a loose end may go to: `slot` counts outputs, `name` is an input's. */
export interface End {
  node: Key;
  slot: number;
  name: string;
  type: Json;
}

/** Plug the loose end in, as part of a gesture if it names one; false if the types do not fit. */
export function plugIn(doc: Document, specs: Specs, wire: LooseWire, end: End, gesture: string | null = null): boolean {
  const types = wire.side === "output" ? [wire.type, end.type] as const : [end.type, wire.type] as const;
  if (!compatible(...types) || end.node === wire.node) return false;
  const held = doc.node(wire.node);
  const name = wire.side === "input" ? (held && inputSockets(held, specs.get(held.type))[wire.slot]?.name) : end.name;
  if (name === undefined) return false;
  const [from, to] = wire.side === "output"
    ? [{ node: wire.node, slot: wire.slot }, { node: end.node, name }]
    : [{ node: end.node, slot: end.slot }, { node: wire.node, name }];
  doc.edit("Connect", (edit) => {
    const at = listOf(doc).findIndex((raw) => isObject(raw) && keyOf(raw["id"] as Id) === wire.id);
    if (at >= 0) edit.removeAt(["floatingLinks"], at);
    connect(edit, doc, specs, from, to);
    const made = doc.linksOf(to.node).find((link) => link.to === to.node && link.from === from.node && link.fromSlot === from.slot);
    if (made) hangOn(edit, doc, keyOf(made.id), wire.via);
  }, gesture);
  return true;
}
