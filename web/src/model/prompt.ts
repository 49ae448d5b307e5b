/**
 * The prompt builder: canvas workflow -> API format (formats.md 3.2).
 *
 * Notes and reroutes are resolved away, muted nodes cut their branch, bypassed nodes pass the
 * input that fits through, and a wire into a widget replaces the widget's value.
 */
import type { Document } from "./document";
import { resolveDynamic } from "./dynamic";
import type { Json, JsonObject } from "./json";
import type { Specs } from "./schema";
import { compatible, typesOf } from "./types";
import { readWidget, type Widget, widgetsOf } from "./widgets";
import { type Key, keyOf, type Link, Mode, modeOf, type RawNode } from "./workflow";

export type Prompt = Record<string, { class_type: string; inputs: JsonObject; _meta: { title: string } }>;

/** Build the API form. `random` feeds dynamic prompts; it is uniform in [0, 1). */
export function buildPrompt(doc: Document, specs: Specs, random: () => number): Prompt {
  const prompt: Prompt = {};
  for (const node of inOrder(doc)) {
    if (!runs(node, specs)) continue;
    prompt[keyOf(node.id)] = {
      class_type: node.type,
      inputs: { ...values(node, specs, random), ...wires(doc, specs, node) },
      _meta: { title: titleOf(node, specs) },
    };
  }
  return prompt;
}

export function titleOf(node: RawNode, specs: Specs): string {
  return node.title ?? specs.get(node.type)?.title ?? node.type;
}

const isVirtual = (node: RawNode, specs: Specs): boolean => specs.get(node.type)?.virtual === true;

const runs = (node: RawNode, specs: Specs): boolean =>
  !isVirtual(node, specs) && modeOf(node) !== Mode.Mute && modeOf(node) !== Mode.Bypass;

/** Nodes with every source before its users; ties keep the file's `order`. */
export function inOrder(doc: Document): RawNode[] {
  const rank = (node: RawNode): number => Number(node["order"] ?? 0);
  const nodes = [...doc.raw.nodes].sort((a, b) => rank(a) - rank(b));
  const waits = new Map(nodes.map((node) => [keyOf(node.id), 0]));
  for (const link of doc.links()) {
    if (waits.has(link.from)) waits.set(link.to, (waits.get(link.to) ?? 0) + 1);
  }
  const ready = nodes.filter((node) => waits.get(keyOf(node.id)) === 0);
  for (const node of ready) {
    for (const link of doc.linksOf(keyOf(node.id))) {
      if (link.from !== keyOf(node.id)) continue;
      const left = (waits.get(link.to) ?? 0) - 1;
      waits.set(link.to, left);
      const next = left === 0 ? doc.node(link.to) : undefined;
      if (next) ready.push(next);
    }
  }
  // Nodes of a loop never become ready; they go last, and the server names the loop.
  const placed = new Set(ready);
  return [...ready, ...nodes.filter((node) => !placed.has(node))];
}

function values(node: RawNode, specs: Specs, random: () => number): JsonObject {
  const spec = specs.get(node.type);
  if (!spec) return unknownValues(node);
  const result: JsonObject = {};
  const widgets = widgetsOf(spec);
  for (const widget of widgets) {
    if (widget.kind === "control" || widget.kind === "upload") continue;
    result[widget.name] = sent(widget, readWidget(node, widgets, widget), random);
  }
  return result;
}

/** A node type the server did not describe: what can be told without guessing positions. */
function unknownValues(node: RawNode): JsonObject {
  const stored = node["widgets_values"];
  return stored !== null && typeof stored === "object" && !Array.isArray(stored) ? { ...stored } : {};
}

function sent(widget: Widget, value: Json, random: () => number): Json {
  if (Array.isArray(value)) return { __value__: value };
  const dynamic = widget.input.options["dynamicPrompts"] === true && typeof value === "string";
  return dynamic ? resolveDynamic(value, random) : value;
}

function wires(doc: Document, specs: Specs, node: RawNode): JsonObject {
  const result: JsonObject = {};
  for (const slot of node.inputs ?? []) {
    const link = slot.link == null ? null : doc.link(keyOf(slot.link));
    if (!link) continue;
    const source = resolve(doc, specs, link);
    if (source) result[slot.name] = source.value ?? [source.from, source.fromSlot];
  }
  return result;
}

interface Source {
  from: Key;
  fromSlot: number;
  /** A constant from a primitive node, sent in place of a wire. */
  value?: Json;
}

/** Follow a wire back through reroutes, primitives and bypassed nodes to what really runs. */
export function resolve(doc: Document, specs: Specs, link: Link): Source | null {
  const seen = new Set<Key>();
  for (let at: Link | null = link; at; ) {
    const node = doc.node(at.from);
    if (!node || seen.has(at.from) || modeOf(node) === Mode.Mute) return null;
    seen.add(at.from);
    if (node.type === "PrimitiveNode") return primitive(node, at);
    if (runs(node, specs)) return { from: at.from, fromSlot: at.fromSlot };
    at = passed(doc, node, at);
  }
  return null;
}

function primitive(node: RawNode, link: Link): Source {
  const stored = node["widgets_values"];
  const value = Array.isArray(stored) ? stored[0] : undefined;
  return { from: link.from, fromSlot: link.fromSlot, value: value ?? null };
}

/** The wire that a bypassed or virtual node hands on for one of its outputs. */
function passed(doc: Document, node: RawNode, link: Link): Link | null {
  const wired = (node.inputs ?? []).map((slot) => (slot.link == null ? null : doc.link(keyOf(slot.link))));
  const type = node.outputs?.[link.fromSlot]?.type ?? link.type;
  const inputs = node.inputs ?? [];
  const same = inputs[link.fromSlot];
  if (same && compatible(same.type, type)) return wired[link.fromSlot] ?? null;
  if (typesOf(type).includes("*")) return wired[link.fromSlot] ?? wired[0] ?? null;
  const equal = inputs.findIndex((slot) => String(slot.type as string) === String(type as string));
  const at = equal >= 0 ? equal : inputs.findIndex((slot) => compatible(slot.type, type));
  return wired[at] ?? null;
}
