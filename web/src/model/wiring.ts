/** Wires: connecting, cutting, and the bookkeeping that files keep at both ends. */
import { t } from "../i18n";
import { INPUTS, isBoundary, linkIdsPath, NEW_SLOT, OUTPUTS, slotsOf } from "./boundary";
import { addSlot } from "./borderslots";
import { refusal } from "./bridges";
import type { Document, Edit } from "./document";
import { takeLinkId } from "./ids";
import type { Json } from "./json";
import { type Path, valueAt } from "./patch";
import { forgetWire } from "./reroutes";
import type { Specs } from "./schema";
import { ensureInput, ensureOutput, inputSockets, outputSockets } from "./slots";
import { compatible } from "./types";
import { type Id, type Key, keyOf, type Link, writeLink } from "./workflow";

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
  if (!source || !target) return t("One end of this wire is gone.");
  if (from.node === to.node) return t("A node cannot feed itself.");
  const output = outputSockets(source, specs.get(source.type))[from.slot];
  const input = inputSockets(target, specs.get(target.type)).find((s) => s.name === to.name);
  if (!output || !input) return t("One end of this wire is gone.");
  if (!compatible(output.type, input.type)) return refusal(specs, output.type, input.type);
  return reaches(doc, to.node, from.node) ? t("This wire would close a loop.") : null;
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
  if (from.node === INPUTS && to.node === OUTPUTS) return;
  const start = ensureBorderSlot(edit, doc, specs, from, to);
  const end = start.to;
  const target = doc.node(end.node);
  const source = doc.node(start.from.node);
  if (!source || !target) return;
  const spec = specs.get(target.type);
  const listed = (target.inputs ?? []).findIndex((slot) => slot.name === end.name);
  const slot = spec && listed < 0 ? ensureInput(edit, doc.nodePath(end.node), target, spec, end.name) : listed;
  const input = doc.node(end.node)?.inputs?.[slot];
  if (!input) return;
  if (input.link != null) cut(edit, doc, keyOf(input.link));
  if (!isBoundary(start.from.node)) {
    ensureOutput(edit, doc.nodePath(start.from.node), source, specs.get(source.type), start.from.slot);
  }
  const type: Json = source.outputs?.[start.from.slot]?.type ?? "*";
  if (!(doc.raw as { links?: Json }).links) edit.set(["links"], []);
  const id = takeLinkId(edit, doc.raw);
  edit.push(["links"], writeLink(doc.raw, id, source, start.from.slot, target, slot, type));
  list(edit, doc, { id, from: start.from.node, fromSlot: start.from.slot, to: end.node, toSlot: slot, type });
}

/** Enter a wire at both of its ends. */
function list(edit: Edit, doc: Document, link: Link): void {
  if (link.to === OUTPUTS) edit.set(linkIdsPath(OUTPUTS, link.toSlot), [link.id]);
  else edit.set([...doc.nodePath(link.to), "inputs", link.toSlot, "link"], link.id);
  const path = outputList(doc, link.from, link.fromSlot);
  if (!Array.isArray(valueAt(doc.raw, path))) edit.set(path, []);
  edit.push(path, link.id);
}

/** Where the wires of an output are listed. */
const outputList = (doc: Document, from: Key, slot: number): Path =>
  from === INPUTS ? linkIdsPath(INPUTS, slot) : [...doc.nodePath(from), "outputs", slot, "links"];

/** The free slot of a subgraph's border becomes an input or output like the other end. */
function ensureBorderSlot(
  edit: Edit,
  doc: Document,
  specs: Specs,
  from: OutputEnd,
  to: InputEnd,
): { from: OutputEnd; to: InputEnd } {
  if (from.node === INPUTS && from.slot >= slotsOf(doc.raw, "inputs").length) {
    const raw = doc.node(to.node);
    const like = raw && inputSockets(raw, specs.get(raw.type)).find((s) => s.name === to.name);
    if (like) addSlot(edit, doc, "inputs", like.name, like.type);
  }
  if (to.node === OUTPUTS && to.name === NEW_SLOT) {
    const raw = doc.node(from.node);
    const like = raw && outputSockets(raw, specs.get(raw.type))[from.slot];
    if (like) return { from, to: { node: OUTPUTS, name: addSlot(edit, doc, "outputs", like.name, like.type) } };
  }
  return { from, to };
}

/** Remove a wire and its traces at both ends. */
export function cut(edit: Edit, doc: Document, id: Key): void {
  const at = doc.linkIndex(id);
  const link = doc.link(id);
  if (at === undefined || !link) return;
  unlist(edit, doc, link);
  forgetWire(edit, doc, id);
  edit.removeAt(["links"], at);
}

function unlist(edit: Edit, doc: Document, link: Link): void {
  const input = doc.node(link.to)?.inputs?.[link.toSlot];
  if (link.to === OUTPUTS) strike(edit, doc, linkIdsPath(OUTPUTS, link.toSlot), link);
  else if (input?.link != null && keyOf(input.link) === keyOf(link.id)) {
    edit.set([...doc.nodePath(link.to), "inputs", link.toSlot, "link"], null);
  }
  if (doc.node(link.from)) strike(edit, doc, outputList(doc, link.from, link.fromSlot), link);
}

/** Take a wire out of a list of ids. */
function strike(edit: Edit, doc: Document, path: Path, link: Link): void {
  const ids = valueAt(doc.raw, path);
  const at = Array.isArray(ids) ? ids.findIndex((id) => keyOf(id as Id) === keyOf(link.id)) : -1;
  if (at >= 0) edit.removeAt(path, at);
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
