/**
 * Widgets of a node and where their values sit in `widgets_values`.
 *
 * The order is that of the inputs, plus the values the canvas itself adds: a control mode after a
 * seed, and "image" after an image upload (formats.md 3.5). Files may also store a dictionary.
 */
import { isObject, type Json } from "./json";
import type { Edit } from "./document";
import type { Path } from "./patch";
import { defaultValue, type InputSpec, type NodeSpec, type WidgetKind } from "./schema";
import type { RawNode } from "./workflow";

export const CONTROL_MODES = ["fixed", "increment", "decrement", "randomize"] as const;

const CONTROLS = new Set<Json | undefined>([...CONTROL_MODES, "increment-wrap"]);
const UPLOADS = new Set<Json | undefined>(["image", "audio", "video"]);

const RANDOM_SPAN = 2 ** 32 - 1;

export interface Widget {
  name: string;
  kind: WidgetKind | "control" | "upload";
  /** The input that it edits; for control and upload the input they belong to. */
  input: InputSpec;
  /** Place in `widgets_values` of a file that has every value. */
  index: number;
  /** Where its value is kept instead, if files do not keep it. */
  apart?: { value: Json };
}

/** A field that a script gave to one node; `apart` as for widgets. */
export interface Extra {
  input: InputSpec;
  apart?: { value: Json };
}

let extrasOf: (node: RawNode) => readonly Extra[] = () => [];

/** Let scripts give single nodes fields beside those of their type. */
export function provideExtras(find: (node: RawNode) => readonly Extra[]): void {
  extrasOf = find;
}

/** The widgets of one node: those of its type, then those that scripts gave it. */
export function widgetsOfNode(node: RawNode, spec: NodeSpec | undefined): Widget[] {
  const widgets = spec ? widgetsOf(spec) : [];
  for (const { input, apart } of extrasOf(node)) {
    widgets.push({ name: input.name, kind: input.widget ?? "custom", input, index: widgets.length, ...(apart ? { apart } : {}) });
  }
  return widgets;
}

/** True if the node's author or the field's custom asks for a control mode after this input. */
export function hasControl(input: InputSpec): boolean {
  if (input.widget !== "number" && input.widget !== "combo") return false;
  const asked = input.options["control_after_generate"];
  if (asked !== undefined) return asked === true || typeof asked === "string";
  return input.type === "INT" && (input.name === "seed" || input.name === "noise_seed");
}

export const hasUpload = (input: InputSpec): boolean =>
  input.widget === "combo" &&
  ["image_upload", "audio_upload", "video_upload"].some((kind) => input.options[kind] === true);

/** The widgets of a node type, in the order of `widgets_values`. */
export function widgetsOf(spec: NodeSpec): Widget[] {
  const widgets: Widget[] = [];
  const add = (name: string, kind: Widget["kind"], input: InputSpec): void => {
    widgets.push({ name, kind, input, index: widgets.length });
  };
  for (const input of spec.inputs) {
    if (!input.widget) continue;
    add(input.name, input.widget, input);
    if (hasControl(input)) add("control_after_generate", "control", input);
    if (hasUpload(input)) add("upload", "upload", input);
  }
  return widgets;
}

/** What a freshly made node stores for a widget. */
export function startValue(widget: Widget): Json {
  if (widget.kind === "control") return "randomize";
  if (widget.kind === "upload") return "image";
  return defaultValue(widget.input);
}

/**
 * The index of a widget's value in this node, or undefined where the file has none.
 *
 * Files written by scripts often leave out control modes; then the later values stand closer.
 */
export function valueIndex(node: RawNode, widgets: readonly Widget[], widget: Widget): number | undefined {
  const values = storedValues(node);
  if (!Array.isArray(values)) return undefined;
  let at = 0;
  for (const other of widgets) {
    const missing = !isExtra(other, values[at]);
    if (other === widget) return missing || at >= values.length ? undefined : at;
    if (!missing) at++;
  }
  return undefined;
}

/** False for a value that cannot be that of a control mode or upload button. */
function isExtra(widget: Widget, value: Json | undefined): boolean {
  if (widget.kind === "control") return CONTROLS.has(value);
  return widget.kind !== "upload" || UPLOADS.has(value);
}

/**
 * The values as the file keeps them: by position or by name.
 *
 * Newer files keep both. Editors that know only the list change only the list, so the names count
 * where the list cannot be theirs because it has another length.
 */
export function storedValues(node: RawNode): Json | undefined {
  const named = node["widgets_values_named"];
  const values = node["widgets_values"];
  if (!isObject(named) || isObject(values)) return values;
  return Array.isArray(values) && values.length === Object.keys(named).length ? values : named;
}

/** The value of a widget on this node; the default where the file has none. */
export function readWidget(node: RawNode, widgets: readonly Widget[], widget: Widget): Json {
  if (widget.apart) return widget.apart.value;
  const values = storedValues(node);
  if (isObject(values)) return values[widget.name] ?? startValue(widget);
  const at = valueIndex(node, widgets, widget);
  const value = at === undefined || !Array.isArray(values) ? undefined : values[at];
  if (value != null) return value;
  return widget.kind === "control" ? "fixed" : startValue(widget);
}

/** Write a widget's value; fills a list that is too short with what it meant so far. */
export function writeWidget(
  edit: Edit,
  path: Path,
  node: RawNode,
  widgets: readonly Widget[],
  widget: Widget,
  value: Json,
): void {
  if (widget.apart) {
    widget.apart.value = value;
    return;
  }
  const named = node["widgets_values_named"];
  const byName = storedValues(node);
  if (isObject(named) && (widget.name in named || byName === named)) {
    edit.set([...path, "widgets_values_named", widget.name], value);
    if (byName === named) return;
  }
  if (isObject(node["widgets_values"])) {
    edit.set([...path, "widgets_values", widget.name], value);
    return;
  }
  const at = valueIndex(node, widgets, widget);
  if (at !== undefined) {
    edit.set([...path, "widgets_values", at], value);
    return;
  }
  const kept = widgets.filter(({ apart }) => !apart);
  const full: Json[] = kept.map((w) => (w === widget ? value : readWidget(node, widgets, w)));
  edit.set([...path, "widgets_values"], full);
}

/** The next value of a seed or combo under its control mode. `random` is uniform in [0, 1). */
export function nextValue(widget: Widget, mode: Json, value: Json, random: () => number): Json {
  if (mode === "fixed") return value;
  if (widget.kind === "combo") return nextChoice(widget.input.choices, mode, value, random);
  // Beyond 2^53 a double cannot count in ones.
  const min = Number(widget.input.options["min"] ?? 0);
  const max = Math.min(Number(widget.input.options["max"] ?? Infinity), Number.MAX_SAFE_INTEGER);
  const step = Number(widget.input.options["step"] ?? 1);
  if (mode === "randomize") {
    // Four billion seeds are enough, and short numbers can be read out.
    const span = Math.min(max - min, RANDOM_SPAN);
    return min + Math.floor(random() * (Math.floor(span / step) + 1)) * step;
  }
  const next = Number(value) + (mode === "increment" ? step : -step);
  return Math.min(max, Math.max(min, next));
}

function nextChoice(choices: readonly Json[], mode: Json, value: Json, random: () => number): Json {
  const count = choices.length;
  const at = choices.indexOf(value);
  const step = mode === "increment" ? at + 1 : at - 1;
  const next = mode === "randomize" ? Math.floor(random() * count) : Math.min(count - 1, Math.max(0, step));
  return choices[next] ?? value;
}
