/**
 * Subgraphs as node types: what sockets and widgets an instance has.
 *
 * A widget of an instance is an inner widget that was promoted. Its default is the value inside,
 * so that an instance which stores none shows what will run.
 */
import { INPUTS_TYPE, OUTPUTS_TYPE, slotsOf } from "./boundary";
import { definitionsOf, type Document } from "./document";
import type { Json, JsonObject } from "./json";
import { OWN, proxiesOf, widgetTarget } from "./levels";
import type { InputSpec, NodeSpec, OutputSpec, Specs } from "./schema";
import { readWidget, widgetsOf } from "./widgets";
import type { Key, RawNode } from "./workflow";

const CATEGORY = "subgraphs";
/** Extra values of a widget that instances do not store. */
const WITHOUT_EXTRAS = { control_after_generate: false, image_upload: false, audio_upload: false, video_upload: false };

/** Node types with those that the file defines itself. */
export function withSubgraphs(base: Specs, file: Document): Specs {
  const definitions = definitionsOf(file.file);
  if (definitions.size === 0) return base;
  const specs = new Map(base);
  for (const type of [INPUTS_TYPE, OUTPUTS_TYPE]) specs.set(type, borderSpec(type));
  const open = new Set<string>();
  const add = (id: string): void => {
    const definition = definitions.get(id);
    if (!definition || open.has(id)) return;
    open.add(id);
    // Those inside come first: their widgets may be promoted once more.
    for (const node of definition.nodes) if (!specs.has(node.type)) add(node.type);
    const instance = firstInstance(id, [file.file, ...definitions.values()]);
    specs.set(id, specOf(file.inside(id), definition, instance, specs));
  };
  for (const id of definitions.keys()) add(id);
  return specs;
}

const borderSpec = (type: string): NodeSpec => ({
  type,
  title: type === INPUTS_TYPE ? "Inputs" : "Outputs",
  description: "",
  category: CATEGORY,
  inputs: [],
  outputs: [],
  isOutput: false,
  virtual: true,
  deprecated: false,
  aliases: [],
});

/** True for types that cannot be added by hand. */
export const isBorder = (type: string): boolean => type === INPUTS_TYPE || type === OUTPUTS_TYPE;

function firstInstance(id: string, graphs: readonly { nodes: RawNode[] }[]): RawNode | undefined {
  for (const graph of graphs) {
    const found = graph.nodes.find((node) => node.type === id);
    if (found) return found;
  }
  return undefined;
}

function specOf(inside: Document, definition: JsonObject, instance: RawNode | undefined, specs: Specs): NodeSpec {
  const inputs = slotsOf(inside.raw, "inputs").map((slot, i) => inputOf(inside, slot, i, specs));
  const proxied = instance ? proxiesOf(instance).map((proxy) => proxyOf(inside, proxy, inputs, specs)) : [];
  const rest = inputs.filter((input) => !proxied.includes(input));
  return {
    type: String(definition["id"] as string),
    title: String((definition["name"] ?? "Subgraph") as string),
    description: text(definition["description"]),
    category: CATEGORY,
    inputs: [...proxied, ...rest],
    outputs: slotsOf(inside.raw, "outputs").map(outputOf),
    isOutput: false,
    virtual: false,
    deprecated: false,
    aliases: ["subgraph"],
  };
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function inputOf(inside: Document, slot: JsonObject, at: number, specs: Specs): InputSpec {
  const name = text(slot["name"]);
  const label = text(slot["label"]) || text(slot["localized_name"]) || name;
  const target = widgetTarget(inside, at);
  const inner = target && widgetOf(inside, target.key, target.widget, specs);
  if (inner) return { ...inner, name, label, required: false };
  const type = String((slot["type"] ?? "*") as string);
  return { name, label, type, required: true, widget: null, choices: [], options: {} };
}

/** An inner widget as the instance shows it, with the value inside as its default. */
function widgetOf(inside: Document, key: Key, name: string, specs: Specs): InputSpec | null {
  const node = inside.node(key);
  const spec = node && specs.get(node.type);
  const widgets = spec ? widgetsOf(spec) : [];
  const widget = widgets.find((w) => w.name === name);
  if (!node || !widget) return null;
  const value = readWidget(node, widgets, widget);
  return { ...widget.input, options: { ...widget.input.options, ...WITHOUT_EXTRAS, default: value } };
}

/** A promoted widget: an input of the subgraph, or an inner widget without a socket. */
function proxyOf(
  inside: Document,
  [owner, name]: readonly [string, string],
  inputs: readonly InputSpec[],
  specs: Specs,
): InputSpec {
  const own = owner === OWN ? inputs.find((input) => input.name === name) : wiredTo(inside, owner, name, inputs);
  if (own) return own;
  const inner = widgetOf(inside, owner, name, specs);
  const options = { ...inner?.options, socketless: true };
  // A place without a widget still counts among the values.
  const kind = inner?.widget ?? "hidden";
  return { name: `${owner}/${name}`, label: name, type: inner?.type ?? "*", required: false, widget: kind, choices: inner?.choices ?? [], options };
}

/** The subgraph's input that already feeds this inner widget. */
function wiredTo(inside: Document, owner: Key, name: string, inputs: readonly InputSpec[]): InputSpec | undefined {
  return inputs.find((_, i) => {
    const target = widgetTarget(inside, i);
    return target?.key === owner && target.widget === name;
  });
}

function outputOf(slot: JsonObject): OutputSpec {
  return { name: text(slot["name"]), type: String((slot["type"] ?? "*") as string), list: false };
}
