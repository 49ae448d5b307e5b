/**
 * Node specs read from `/object_info`: what sockets and widgets a node type has.
 *
 * Both ways to write a combo are read (`[["a","b"], {}]` and `["COMBO", {options: [...]}]`).
 */
import { isObject, type Json, type JsonObject } from "./json";

export type WidgetKind = "number" | "combo" | "choices" | "toggle" | "text" | "multiline" | "color" | "curve" | "boxes" | "button" | "custom" | "hidden";

export interface InputSpec {
  name: string;
  /** What people read in place of the name. */
  label?: string;
  /** Socket type; combos are "COMBO". */
  type: string;
  required: boolean;
  /** How the value is edited on the node; null for a plain socket. */
  widget: WidgetKind | null;
  choices: readonly Json[];
  options: JsonObject;
}

export interface OutputSpec {
  name: string;
  type: string;
  list: boolean;
}

export interface NodeSpec {
  type: string;
  title: string;
  category: string;
  description: string;
  inputs: readonly InputSpec[];
  outputs: readonly OutputSpec[];
  isOutput: boolean;
  /** Drawn and saved by the canvas only, never sent to the server (notes, reroutes). */
  virtual: boolean;
  deprecated: boolean;
  aliases: readonly string[];
}

export type Specs = ReadonlyMap<string, NodeSpec>;

const text = (value: Json | undefined, fallback = ""): string =>
  typeof value === "string" && value !== "" ? value : fallback;
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** Read the whole answer of `/object_info`; entries that make no sense are left out. */
export function readSpecs(info: Json): Map<string, NodeSpec> {
  const specs = new Map<string, NodeSpec>();
  if (!isObject(info)) return specs;
  for (const [type, entry] of Object.entries(info)) {
    if (isObject(entry)) specs.set(type, readSpec(type, entry));
  }
  return specs;
}

export function readSpec(type: string, entry: JsonObject): NodeSpec {
  return {
    type,
    title: text(entry["display_name"], type),
    category: text(entry["category"], "other"),
    description: text(entry["description"]),
    inputs: readInputs(entry),
    outputs: readOutputs(entry),
    isOutput: entry["output_node"] === true,
    virtual: false,
    deprecated: entry["deprecated"] === true,
    aliases: list(entry["search_aliases"]).map(String),
  };
}

function readInputs(entry: JsonObject): InputSpec[] {
  const input = isObject(entry["input"]) ? entry["input"] : {};
  const order = isObject(entry["input_order"]) ? entry["input_order"] : {};
  return ["required", "optional"].flatMap((section) => {
    const fields = input[section];
    if (!isObject(fields)) return [];
    const named = list(order[section]).map(String);
    const names = [...new Set([...named, ...Object.keys(fields)])];
    return names.flatMap((name) => readInput(name, fields[name], section === "required") ?? []);
  });
}

function readInput(name: string, raw: Json | undefined, required: boolean): InputSpec | null {
  if (!Array.isArray(raw) || raw.length === 0) return null;
  const options = isObject(raw[1]) ? raw[1] : {};
  const combo = Array.isArray(raw[0]);
  const type = combo ? "COMBO" : String(raw[0]);
  const choices = combo ? list(raw[0]) : list(options["options"]);
  return { name, type, required, choices, options, widget: widgetKind(type, options) };
}

/** Which widget edits a value of this type; null if it only comes through a wire. */
function widgetKind(declared: string, options: JsonObject): WidgetKind | null {
  if (options["forceInput"] === true) return null;
  // An input of several types says which of them is typed in.
  const type = text(options["widgetType"], declared);
  if (type === "COMBO") return options["multi_select"] ? "choices" : "combo";
  if (type === "COLOR") return "color";
  if (type === "CURVE") return "curve";
  if (type === "BOUNDING_BOX" || type === "BOUNDING_BOXES") return "boxes";
  if (type === "BOOLEAN") return "toggle";
  if (type === "STRING") return options["multiline"] === true ? "multiline" : "text";
  if (type === "INT" && options["display"] === "color") return "color";
  return type === "INT" || type === "FLOAT" ? "number" : null;
}

function readOutputs(entry: JsonObject): OutputSpec[] {
  const names = list(entry["output_name"]);
  const lists = list(entry["output_is_list"]);
  return list(entry["output"]).map((raw, i) => {
    const type = Array.isArray(raw) ? "COMBO" : String(raw);
    return { type, name: text(names[i], type), list: lists[i] === true };
  });
}

/** The value a fresh widget starts with. */
export function defaultValue(input: InputSpec): Json {
  const given = input.options["default"];
  if (given !== undefined) return given;
  if (input.widget === "custom" || input.widget === "button") return null;
  if (input.widget === "combo") return input.choices[0] ?? "";
  if (input.widget === "choices" || input.type === "BOUNDING_BOXES") return [];
  if (input.widget === "curve") return [[0, 0], [1, 1]];
  if (input.widget === "boxes") return { x: 0, y: 0, width: 512, height: 512 };
  if (input.widget === "toggle") return false;
  if (input.type === "COLOR") return "#ffffff";
  if (input.widget === "number" || input.widget === "color") return Number(input.options["min"] ?? 0);
  return "";
}
