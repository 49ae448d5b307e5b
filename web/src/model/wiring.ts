/** Wires: connecting, cutting, and the bookkeeping that files keep at both ends. */
import type { Document, Edit } from "./document";
import { takeLinkId } from "./ids";
import type { Json } from "./json";
import type { Specs } from "./schema";
import { ensureInput, ensureOutput, inputSockets, outputSockets } from "./slots";
import { compatible, refusal } from "./types";
import { type Key, keyOf, type Link, writeLink } from "./workflow";

/** One end of a wire; inputs are named, because a file may not list them yet. */
export interface OutputEnd {
  node: Key;
  slot: number;
}
export interface InputEnd {
  node: Key;
  name: string;
}

/** Why this wire cannot be; null if it can. */
export function whyNot(doc: Document, specs: Specs, from: OutputEnd, to: InputEnd): string | null {
  const source = doc.node(from.node);
  const target = doc.node(to.node);
  if (!source || !target) return "One end of this wire is gone.";
  if (from.node === to.node) return "A node cannot feed itself.";
  const output = outputSockets(source, specs.get(source.type))[from.slot];
  const input = inputSockets(target, specs.get(target.type)).find((s) => s.name === to.name);
  if (!output || !input) return "One end of this wire is gone.";
  if (!compatible(output.type, input.type)) return refusal(specs, output.type, input.type);
  return reaches(doc, to.node, from.node) ? "This wire would close a loop." : null;
}

/** True if data from node `from` flows on to node `to`. */
export function reaches(doc: Document, from: Key, to: Key): boolean {
  const seen = new Set<Key>([from]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) return true;
    for (const link of doc.linksOf(at)) {
      if (link.from !== at || seen.has(link.to)) continue;
      seen.add(link.to);
      open.push(link.to);
    }
  }
  return false;
}

/** Wire an output to an input; a wire that was there before is replaced. */
export function connect(edit: Edit, doc: Document, specs: Specs, from: OutputEnd, to: InputEnd): void {
  const source = doc.node(from.node);
  const target = doc.node(to.node);
  if (!source || !target) return;
  const spec = specs.get(target.type);
  const listed = (target.inputs ?? []).findIndex((slot) => slot.name === to.name);
  const slot = spec && listed < 0 ? ensureInput(edit, doc.nodePath(to.node), target, spec, to.name) : listed;
  const input = target.inputs?.[slot];
  if (!input) return;
  if (input.link != null) cut(edit, doc, keyOf(input.link));
  ensureOutput(edit, doc.nodePath(from.node), source, specs.get(source.type), from.slot);
  const type: Json = source.outputs?.[from.slot]?.type ?? "*";
  if (!(doc.raw as { links?: Json }).links) edit.set(["links"], []);
  const id = takeLinkId(edit, doc.raw);
  edit.push(["links"], writeLink(doc.raw, id, source, from.slot, target, slot, type));
  edit.set([...doc.nodePath(to.node), "inputs", slot, "link"], id);
  const path = [...doc.nodePath(from.node), "outputs", from.slot, "links"];
  if (!source.outputs?.[from.slot]?.links) edit.set(path, []);
  edit.push(path, id);
}

/** Remove a wire and its traces at both ends. */
export function cut(edit: Edit, doc: Document, id: Key): void {
  const at = doc.linkIndex(id);
  const link = doc.link(id);
  if (at === undefined || !link) return;
  unlist(edit, doc, link);
  edit.removeAt(["links"], at);
}

function unlist(edit: Edit, doc: Document, link: Link): void {
  const source = doc.node(link.from);
  const target = doc.node(link.to);
  const input = target?.inputs?.[link.toSlot];
  if (input?.link != null && keyOf(input.link) === keyOf(link.id)) {
    edit.set([...doc.nodePath(link.to), "inputs", link.toSlot, "link"], null);
  }
  const at = source?.outputs?.[link.fromSlot]?.links?.findIndex((id) => keyOf(id) === keyOf(link.id));
  if (at !== undefined && at >= 0) {
    edit.removeAt([...doc.nodePath(link.from), "outputs", link.fromSlot, "links"], at);
  }
}

/** The first free compatible input of a node for an output type; a socket before a widget. */
export function firstInput(doc: Document, specs: Specs, node: Key, type: Json): string | null {
  const raw = doc.node(node);
  if (!raw) return null;
  const fits = inputSockets(raw, specs.get(raw.type)).filter((s) => compatible(type, s.type));
  const free = fits.find((s) => s.widget === null && s.link === null);
  return (free ?? fits.find((s) => s.widget === null) ?? fits[0])?.name ?? null;
}

/** The first output of a node that fits an input type. */
export function firstOutput(doc: Document, specs: Specs, node: Key, type: Json): number | null {
  const raw = doc.node(node);
  if (!raw) return null;
  const at = outputSockets(raw, specs.get(raw.type)).findIndex((s) => compatible(s.type, type));
  return at < 0 ? null : at;
}
