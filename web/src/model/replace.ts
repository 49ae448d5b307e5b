/** Putting nodes of another type in the place of some, with the wires and values that fit. */
import { setWidget } from "./actions";
import type { Document, Edit } from "./document";
import { makeNode } from "./factory";
import { isObject, type Json, type JsonObject } from "./json";
import { levelsOf } from "./levels";
import type { NodeSpec, Specs } from "./schema";
import { compatible } from "./types";
import { CONTROL_MODES, storedValues, type Widget, widgetsOf } from "./widgets";
import { connect, cut } from "./wiring";
import { type Key, keyOf, type Link, posOf, type RawNode, sizeOf } from "./workflow";

/** What a pack says of how its old node becomes a new one. */
export interface Rule {
  to: string;
  /** Names of the old widgets, in their order. */
  widgets: readonly string[] | null;
  /** The old input, or the value, of each new input; null keeps all names. */
  inputs: ReadonlyMap<string, { from: string } | { value: Json }> | null;
  /** Old numbers of outputs to new ones. */
  outputs: ReadonlyMap<number, number>;
}

/** The rules of `/node_replacements` by old type; of several for one the first counts. */
export function readRules(answer: Json): Map<string, Rule> {
  const found = new Map<string, Rule>();
  for (const [type, rules] of Object.entries(isObject(answer) ? answer : {})) {
    const first = Array.isArray(rules) ? rules[0] : undefined;
    if (isObject(first) && typeof first["new_node_id"] === "string") found.set(type, readRule(first, first["new_node_id"]));
  }
  return found;
}

function readRule(raw: JsonObject, to: string): Rule {
  const list = (name: string): JsonObject[] | null => (Array.isArray(raw[name]) ? raw[name].filter(isObject) : null);
  const widgets = Array.isArray(raw["old_widget_ids"]) ? raw["old_widget_ids"].map(String) : null;
  const inputs = list("input_mapping")?.map((field) => {
    const source = "set_value" in field ? { value: field["set_value"] ?? null } : { from: String(field["old_id"]) };
    return [String(field["new_id"]), source] as const;
  });
  const outputs = list("output_mapping")?.map((pair) => [Number(pair["old_idx"]), Number(pair["new_idx"])] as const);
  return { to, widgets, inputs: inputs ? new Map(inputs) : null, outputs: new Map(outputs ?? []) };
}

/** Make nodes of a type into nodes of `spec` on all levels, in one step; returns how many. */
export function replaceType(doc: Document, specs: Specs, type: string, spec: NodeSpec, rule?: Rule): number {
  const root = doc.root();
  let count = 0;
  root.edit(`Replace ${type}`, () => {
    // A subgraph that is used twice is there twice, but its nodes are the same.
    const levels = new Map([...levelsOf(root).values()].map((level) => [level.doc.subgraph, level.doc]));
    for (const level of levels.values()) {
      const keys = level.raw.nodes.filter((node) => node.type === type).map((node) => keyOf(node.id));
      level.edit(`Replace ${type}`, (edit) => {
        for (const key of keys) replaceNode(edit, level, specs, key, spec, rule);
      });
      count += keys.length;
    }
  });
  return count;
}

/** Make some nodes of one level into nodes of `spec`, in one step. */
export function replaceNodes(doc: Document, specs: Specs, keys: readonly Key[], spec: NodeSpec): void {
  doc.edit(`Replace with ${spec.title}`, (edit) => {
    for (const key of keys) replaceNode(edit, doc, specs, key, spec);
  });
}

function replaceNode(edit: Edit, doc: Document, specs: Specs, key: Key, spec: NodeSpec, rule?: Rule): void {
  const old = doc.node(key);
  if (!old) return;
  const wires = doc.linksOf(key).map((link) => ({ link, input: doc.node(link.to)?.inputs?.[link.toSlot]?.name ?? "" }));
  const sockets = { inputs: old.inputs ?? [], outputs: old.outputs ?? [] };
  const plan = wires.map(({ link, input }) => ({
    link,
    input: link.to === key ? inputFor(spec, input, link.type, rule) : input,
    slot: link.from === key ? outputFor(spec, sockets.outputs[link.fromSlot]?.name ?? "", link, rule) : link.fromSlot,
  }));
  for (const { link } of wires) cut(edit, doc, keyOf(link.id));
  const fresh = makeNode(spec, old.id, posOf(old), sizeOf(old), 0);
  const path = doc.nodePath(key);
  const values = valuesFor(old, spec, fresh["widgets_values"] as Json[], rule);
  for (const field of ["type", "inputs", "outputs"] as const) edit.set([...path, field], fresh[field]);
  edit.set([...path, "widgets_values"], values);
  if (old["widgets_values_named"] !== undefined) edit.set([...path, "widgets_values_named"], undefined);
  edit.set([...path, "properties"], propertiesFor(old, spec));
  for (const { link, input, slot } of plan) {
    if (input === null || slot === null) continue;
    connect(edit, doc, specs, { node: link.from, slot }, { node: link.to, name: input });
  }
}

const OF_THE_PACK = new Set(["cnr_id", "aux_id", "ver"]);

/** What the old type's pack and help were says nothing about the new one. */
function propertiesFor(old: RawNode, spec: NodeSpec): JsonObject {
  const kept = Object.entries(isObject(old["properties"]) ? old["properties"] : {}).filter(([name]) => !OF_THE_PACK.has(name));
  return { ...Object.fromEntries(kept), "Node name for S&R": spec.type };
}

/** The input that takes a wire over: of the same name, or else the first that fits. */
function inputFor(spec: NodeSpec, name: string, type: Json, rule?: Rule): string | null {
  if (rule?.inputs) return [...rule.inputs].find(([, source]) => "from" in source && source.from === name)?.[0] ?? null;
  const fits = spec.inputs.filter((input) => compatible(type, input.type));
  const own = fits.find((input) => input.name === name) ?? fits.find((input) => input.widget === null);
  return own?.name ?? null;
}

function outputFor(spec: NodeSpec, name: string, link: Link, rule?: Rule): number | null {
  const ruled = rule?.outputs.get(link.fromSlot);
  if (ruled !== undefined) return ruled < spec.outputs.length ? ruled : null;
  const fits = spec.outputs.flatMap((output, at) => (compatible(output.type, link.type) ? [{ output, at }] : []));
  return (fits.find(({ output }) => output.name === name) ?? fits.find(({ at }) => at === link.fromSlot) ?? fits[0])?.at ?? null;
}

/** The new widgets with the old values of the same name; without names, in the same order. */
function valuesFor(old: RawNode, spec: NodeSpec, start: Json[], rule?: Rule): Json[] {
  const widgets = widgetsOf(spec);
  const named = rule ? ruledValues(old, rule) : namedValues(old);
  const stored = storedValues(old);
  const inOrder = named.size === 0 && Array.isArray(stored) && stored.length === widgets.length ? stored : null;
  return widgets.map((widget, i) => {
    const value = inOrder ? inOrder[i] : named.get(widget.name);
    return value !== undefined && takes(widget, value) ? value : (start[i] ?? null);
  });
}

/** Values by the names that the new type has for them. */
function ruledValues(node: RawNode, rule: Rule): Map<string, Json> {
  const stored = storedValues(node);
  const list = rule.widgets && Array.isArray(stored) ? stored : null;
  const named = list ? new Map(rule.widgets?.flatMap((name, i) => (list[i] === undefined ? [] : [[name, list[i]] as const]))) : namedValues(node);
  if (!rule.inputs) return named;
  const value = (source: { from: string } | { value: Json }): Json | undefined => ("value" in source ? source.value : named.get(source.from));
  return new Map([...rule.inputs].flatMap(([name, source]) => {
    const known = value(source);
    return known === undefined ? [] : [[name, known] as const];
  }));
}

/** Values of a node whose type nobody knows, by the names that its file gives. */
function namedValues(node: RawNode): Map<string, Json> {
  const stored = storedValues(node);
  if (isObject(stored)) return new Map(Object.entries(stored).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const names = (node.inputs ?? []).flatMap((slot) => slot.widget?.name ?? []);
  const values = Array.isArray(stored) ? [...stored] : [];
  const found = new Map<string, Json>();
  for (const name of names) {
    const value = values.shift();
    if (value === undefined) break;
    found.set(name, value);
    if (typeof value === "number" && MODES.has(values[0])) found.set("control_after_generate", values.shift() ?? "fixed");
  }
  return found;
}

const MODES = new Set<Json | undefined>(CONTROL_MODES);

/** Whether a widget can hold a value; wrong choices are offered to the user afterwards. */
function takes(widget: Widget, value: Json): boolean {
  if (widget.kind === "number") return typeof value === "number" || typeof value === "bigint";
  if (widget.kind === "toggle") return typeof value === "boolean";
  if (widget.kind === "choices") return Array.isArray(value);
  if (widget.kind === "control") return MODES.has(value);
  return widget.kind === "combo" || typeof value === "string";
}

/** Set one widget on nodes named by execution id, in one step. */
export function setEverywhere(doc: Document, specs: Specs, ids: readonly Key[], widget: string, value: Json): void {
  const root = doc.root();
  root.edit(`Set ${widget}`, () => {
    const levels = levelsOf(root);
    for (const id of ids) {
      const at = id.lastIndexOf(":") + 1;
      const level = levels.get(id.slice(0, at));
      if (level) setWidget(level.doc, specs, id.slice(at), widget, value);
    }
  });
}
