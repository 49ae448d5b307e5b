/** What a file asks for and the server lacks: node types, and choices such as model files. */
import { definitionsOf, type Document } from "./document";
import { isObject, type Json } from "./json";
import { levelsOf } from "./levels";
import { nearest } from "./nearest";
import type { InputSpec, NodeSpec, Specs } from "./schema";
import { inputSockets } from "./slots";
import { isBorder } from "./subgraphspec";
import { compatible } from "./types";
import { hasUpload, readWidget, widgetsOf } from "./widgets";
import { keyOf, type Key, Mode, modeOf, type RawNode } from "./workflow";

/** A node type that the server does not have. */
export interface MissingType {
  type: string;
  /** Execution ids of its nodes. */
  nodes: Key[];
  /** The pack that it came from, where the file says so. */
  pack: string | null;
  /** Known types that could stand in, the best first. */
  near: NodeSpec[];
}

/** A choice that the server does not offer, on every node that makes it. */
export interface MissingChoice {
  value: string;
  widget: string;
  /** The title of the node type. */
  title: string;
  type: string;
  nodes: Key[];
  near: string[];
  choices: readonly string[];
  /** Where the file says it can be had; never fetched. */
  url: string | null;
}

interface Found {
  id: Key;
  node: RawNode;
}

/** Every node that would run, with its execution id. */
function runnable(doc: Document): Found[] {
  const off = (node: RawNode): boolean => modeOf(node) === Mode.Mute || modeOf(node) === Mode.Bypass;
  return [...levelsOf(doc.root()).values()].flatMap((level) =>
    level.doc.raw.nodes.filter((node) => !off(node)).map((node) => ({ id: level.path + keyOf(node.id), node })));
}

const groupBy = <T>(items: readonly T[], name: (item: T) => string): T[][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(name(item), [...(groups.get(name(item)) ?? []), item]);
  return [...groups.values()];
};

export function missingTypes(doc: Document, specs: Specs): MissingType[] {
  const definitions = definitionsOf(doc.file);
  const unknown = runnable(doc).filter(({ node }) => !specs.has(node.type) && !definitions.has(node.type));
  return groupBy(unknown, ({ node }) => node.type).flatMap((group) => {
    const first = group[0]?.node;
    return first ? [{ type: first.type, nodes: group.map(({ id }) => id), pack: packOf(first), near: standIns(first, specs) }] : [];
  });
}

/** The pack a node says it came from. */
export function packOf(node: RawNode): string | null {
  const properties = isObject(node["properties"]) ? node["properties"] : {};
  const named = [properties["cnr_id"], properties["aux_id"]].find((id) => typeof id === "string" && id !== "");
  return typeof named === "string" ? named : null;
}

const WIRED_SHARE = 0.6;
const LEAST = 0.45;
const SHOWN = 4;

/** Types with a name like this one's, or with sockets for the wires it has. */
function standIns(node: RawNode, specs: Specs): NodeSpec[] {
  const names = [...specs.values()].filter((spec) => !spec.virtual && !isBorder(spec.type));
  const marked = names.map((spec): [number, NodeSpec] => {
    const alike = Math.max(nearest.alike(node.type, spec.type), nearest.alike(node.type, spec.title));
    return [alike + WIRED_SHARE * wiredShare(node, spec) * Number(alike > 0.2), spec];
  });
  return marked.filter(([mark]) => mark >= LEAST).sort((a, b) => b[0] - a[0]).slice(0, SHOWN).map(([, spec]) => spec);
}

/** How many of a node's wired sockets a type could take over, from 0 to 1. */
function wiredShare(node: RawNode, spec: NodeSpec): number {
  const inputs = (node.inputs ?? []).filter((slot) => slot.link != null);
  const outputs = (node.outputs ?? []).filter((slot) => (slot.links ?? []).length > 0);
  const taken = inputs.filter((slot) => spec.inputs.some((i) => compatible(slot.type, i.type))).length +
    outputs.filter((slot) => spec.outputs.some((o) => compatible(o.type, slot.type))).length;
  return inputs.length + outputs.length === 0 ? 0 : taken / (inputs.length + outputs.length);
}

/** Choices that no list of the server has. Uploaded files are checked when they are read. */
export function missingChoices(doc: Document, specs: Specs): MissingChoice[] {
  const offered = new Map<InputSpec, Set<Json>>();
  const absent = runnable(doc).flatMap(({ id, node }) => {
    const spec = specs.get(node.type);
    if (!spec || definitionsOf(doc.file).has(node.type)) return [];
    return wrongChoices(node, spec, offered).map((wrong) => ({ id, node, spec, ...wrong }));
  });
  return groupBy(absent, (one) => `${one.node.type}\n${one.input.name}\n${one.value}`).flatMap((group) => {
    const first = group[0];
    if (!first) return [];
    const choices = first.input.choices.filter((choice): choice is string => typeof choice === "string");
    const near = nearest.of(baseName(first.value), choices, SHOWN, baseName);
    const url = group.map(({ node, value }) => urlOf(node, value)).find((found) => found !== null) ?? null;
    return [{
      value: first.value, widget: first.input.name, title: first.spec.title, type: first.node.type,
      nodes: group.map(({ id }) => id), near, choices, url,
    }];
  });
}

function wrongChoices(node: RawNode, spec: NodeSpec, offered: Map<InputSpec, Set<Json>>): { input: InputSpec; value: string }[] {
  const widgets = widgetsOf(spec);
  const combos = widgets.filter((widget) => widget.kind === "combo" && !hasUpload(widget.input));
  if (combos.length === 0) return [];
  const wired = new Set(inputSockets(node, spec).flatMap((socket) => (socket.link !== null && socket.widget) || []));
  return combos.flatMap((widget) => {
    const known = offered.get(widget.input) ?? new Set(widget.input.choices);
    offered.set(widget.input, known);
    const value = readWidget(node, widgets, widget);
    return typeof value === "string" && value !== "" && !known.has(value) && !wired.has(widget.name) ? [{ input: widget.input, value }] : [];
  });
}

/** Paths come from either kind of system. */
const baseName = (path: string): string => path.split(/[\\/]/).at(-1)?.replace(/\.[^.]+$/, "") ?? path;

/** The address in a node's `properties.models` for a file. */
function urlOf(node: RawNode, value: string): string | null {
  const properties = isObject(node["properties"]) ? node["properties"] : {};
  const models = Array.isArray(properties["models"]) ? properties["models"].filter(isObject) : [];
  const url = models.find((model) => model["name"] === value || model["name"] === value.split(/[\\/]/).at(-1))?.["url"];
  return typeof url === "string" && url !== "" ? url : null;
}
