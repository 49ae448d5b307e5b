/** API format -> canvas workflow, for pictures and files that carry only a prompt. */
import { Document, type Edit } from "./document";
import { emptyWorkflow, makeNode } from "./factory";
import { isObject, type Json, type JsonObject } from "./json";
import type { NodeSpec, Specs } from "./schema";
import { widgetsOf, writeWidget } from "./widgets";
import { connect } from "./wiring";
import { type Id, type Key, keyOf, type RawNode, type RawSlot } from "./workflow";

/** Read an API prompt into a document without positions; `arrange` lays it out. */
export function fromPrompt(prompt: JsonObject, specs: Specs, id: string): Document {
  const doc = new Document(emptyWorkflow(id));
  const entries = Object.entries(prompt).filter((e): e is [string, JsonObject] => isObject(e[1]));
  doc.edit("Open prompt", (edit) => {
    for (const [key, entry] of entries) edit.push(["nodes"], nodeOf(key, entry, specs));
    for (const [key, entry] of entries) fill(edit, doc, specs, key, entry);
    edit.set(["last_node_id"], Math.max(0, ...entries.map(([key]) => Number(key) || 0)));
  });
  return new Document(doc.raw);
}

const numeric = (key: string): Id => (/^\d{1,9}$/.test(key) ? Number(key) : key);
const isWire = (value: Json | undefined): value is [string, number] =>
  Array.isArray(value) && value.length === 2 && typeof value[1] === "number" && typeof value[0] !== "object";

function nodeOf(key: string, entry: JsonObject, specs: Specs): RawNode {
  const type = String(entry["class_type"] as string);
  const spec = specs.get(type);
  const node = spec ? makeNode(spec, numeric(key), [0, 0], [260, 60], 0) : unknownNode(key, type, entry);
  const meta = entry["_meta"];
  const title = isObject(meta) ? meta["title"] : undefined;
  if (typeof title === "string" && title !== (spec?.title ?? type)) node.title = title;
  return node;
}

/** A type the server does not have: its values stay readable as a dictionary. */
function unknownNode(key: string, type: string, entry: JsonObject): RawNode {
  const inputs = isObject(entry["inputs"]) ? entry["inputs"] : {};
  const wired = Object.entries(inputs).filter(([, value]) => isWire(value));
  const values = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isWire(value)));
  return {
    id: numeric(key),
    type,
    pos: [0, 0],
    size: [260, 60],
    flags: {},
    order: 0,
    mode: 0,
    inputs: wired.map(([name]): RawSlot => ({ name, type: "*", link: null })),
    outputs: [],
    properties: {},
    widgets_values: values,
  };
}

function fill(edit: Edit, doc: Document, specs: Specs, key: Key, entry: JsonObject): void {
  const node = doc.node(keyOf(numeric(key)));
  const inputs = isObject(entry["inputs"]) ? entry["inputs"] : {};
  const spec = node && specs.get(node.type);
  for (const [name, value] of Object.entries(inputs)) {
    if (!node || value === undefined) continue;
    if (isWire(value)) wire(edit, doc, specs, value, keyOf(node.id), name);
    else if (spec) setValue(edit, doc, node, spec, name, value);
  }
}

function setValue(edit: Edit, doc: Document, node: RawNode, spec: NodeSpec, name: string, value: Json): void {
  const widgets = widgetsOf(spec);
  const widget = widgets.find((candidate) => candidate.name === name);
  const plain = isObject(value) && "__value__" in value ? (value["__value__"] ?? null) : value;
  const path = doc.nodePath(keyOf(node.id));
  if (!widget) return;
  writeWidget(edit, path, node, widgets, widget, plain);
  const control = widgets[widget.index + 1];
  // The prompt says which seed made the picture; a control mode would change it at the next run.
  if (control?.kind === "control") writeWidget(edit, path, node, widgets, control, "fixed");
}

function wire(edit: Edit, doc: Document, specs: Specs, value: [string, number], to: Key, name: string): void {
  const from = keyOf(numeric(value[0]));
  const source = doc.node(from);
  if (!source) return;
  if (!specs.has(source.type)) {
    for (let i = source.outputs?.length ?? 0; i <= value[1]; i++) {
      edit.push([...doc.nodePath(from), "outputs"], { name: `output ${String(i)}`, type: "*", links: [] });
    }
  }
  if (source.outputs?.[value[1]]) connect(edit, doc, specs, { node: from, slot: value[1] }, { node: to, name });
}
