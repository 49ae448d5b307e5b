/**
 * The prompt builder: canvas workflow -> API format (formats.md 3.2).
 *
 * Subgraphs are flattened to ids such as `12:34`; notes and reroutes are resolved away, muted nodes
 * cut their branch, bypassed nodes pass the input that fits through, and a wire into a widget
 * replaces the widget's value.
 */
import { isBoundary } from "./boundary";
import { definitionPaths, type Document } from "./document";
import { resolveDynamic } from "./dynamic";
import type { Json, JsonObject } from "./json";
import { type Level, levelsOf, promotedValues } from "./levels";
import type { Specs } from "./schema";
import { resolve } from "./tracing";
import { readWidget, storedValues, type Widget, widgetsOfNode } from "./widgets";
import { keyOf, Mode, modeOf, type RawNode } from "./workflow";

export type Prompt = Record<string, { class_type: string; inputs: JsonObject; _meta: { title: string } }>;

/** Build the API form of a whole file. `random` feeds dynamic prompts; it is uniform in [0, 1). */
export function buildPrompt(doc: Document, specs: Specs, random: () => number): Prompt {
  const prompt: Prompt = {};
  const levels = levelsOf(doc);
  const subgraphs = definitionPaths(doc.file);
  for (const level of levels.values()) {
    for (const node of inOrder(level.doc)) {
      if (!runs(node, specs) || subgraphs.has(node.type)) continue;
      prompt[level.path + keyOf(node.id)] = {
        class_type: node.type,
        inputs: { ...values(node, level, specs, random), ...wires(levels, level, specs, node) },
        _meta: { title: titleOf(node, specs) },
      };
    }
  }
  return prompt;
}

export function titleOf(node: RawNode, specs: Specs): string {
  return (node.title ?? "") || (specs.get(node.type)?.title ?? node.type);
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
      // The border of a subgraph is no node of the file.
      const next = left === 0 && !isBoundary(link.to) ? doc.node(link.to) : undefined;
      if (next) ready.push(next);
    }
  }
  // Nodes of a loop never become ready; they go last, and the server names the loop.
  const placed = new Set(ready);
  return [...ready, ...nodes.filter((node) => !placed.has(node))];
}

/** Widgets that are for the page only. */
const UNSENT = new Set<Widget["kind"]>(["control", "upload", "button"]);

function values(node: RawNode, level: Level, specs: Specs, random: () => number): JsonObject {
  const spec = specs.get(node.type);
  const result = spec ? {} : unknownValues(node);
  const widgets = spec ? widgetsOfNode(node, spec) : [];
  for (const widget of widgets) {
    if (widget.apart || UNSENT.has(widget.kind)) continue;
    result[widget.name] = sent(widget, readWidget(node, widgets, widget), random);
  }
  return { ...result, ...setOutside(node, level) };
}

/** Widget values that the subgraph instance around a node sets on it. */
function setOutside(node: RawNode, level: Level): JsonObject {
  if (!level.outer) return {};
  const mine = `${keyOf(node.id)}/`;
  const set = [...promotedValues(level.outer.instance, level.doc)].filter(([name]) => name.startsWith(mine));
  return Object.fromEntries(set.map(([name, value]) => [name.slice(mine.length), wrapped(value)]));
}

/** A node type the server did not describe: what can be told without guessing positions. */
function unknownValues(node: RawNode): JsonObject {
  const stored = storedValues(node);
  return stored !== null && typeof stored === "object" && !Array.isArray(stored) ? { ...stored } : {};
}

/** Plain lists are wrapped, because a list in a prompt is a wire. */
const wrapped = (value: Json): Json => (Array.isArray(value) ? { __value__: value } : value);

function sent(widget: Widget, value: Json, random: () => number): Json {
  const dynamic = widget.input.options["dynamicPrompts"] === true && typeof value === "string";
  return dynamic ? resolveDynamic(value, random) : wrapped(value);
}

function wires(levels: ReadonlyMap<string, Level>, level: Level, specs: Specs, node: RawNode): JsonObject {
  const result: JsonObject = {};
  for (const slot of node.inputs ?? []) {
    const link = slot.link == null ? null : level.doc.link(keyOf(slot.link));
    const source = link && resolve(levels, specs, level, link);
    if (source) result[slot.name] = "value" in source ? wrapped(source.value) : [source.from, source.fromSlot];
  }
  return result;
}
