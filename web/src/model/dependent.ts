/**
 * Inputs that depend on others: parts of a choice (`shown_with`), and rows that grow (`grows_after`).
 *
 * The server tells all of them flat. Those of no use now are not drawn, but their values stay in
 * the file, so that going back to a choice finds what was set.
 */
import { isObject } from "./json";
import type { InputSpec, NodeSpec } from "./schema";
import { readWidget, widgetsOf } from "./widgets";
import type { RawNode } from "./workflow";

const NONE: ReadonlySet<string> = new Set();
const plain = new WeakMap<NodeSpec, boolean>();

/** True if no input of the type depends on another; asked for every layout, so it is kept. */
function isPlain(spec: NodeSpec): boolean {
  const known = plain.get(spec);
  if (known !== undefined) return known;
  const found = spec.inputs.every(({ options }) => !isObject(options["shown_with"]) && typeof options["grows_after"] !== "string");
  plain.set(spec, found);
  return found;
}

/** Names of the inputs that are not drawn on this node; a wired one always is. */
export function hiddenInputs(node: RawNode, spec: NodeSpec | undefined): ReadonlySet<string> {
  if (!spec || isPlain(spec)) return NONE;
  const wired = new Set((node.inputs ?? []).flatMap((slot) => (slot.link == null ? [] : slot.name)));
  const hidden = new Set<string>();
  for (const input of spec.inputs) {
    if (!wired.has(input.name) && isIdle(node, spec, input, wired, hidden)) hidden.add(input.name);
  }
  return hidden;
}

function isIdle(node: RawNode, spec: NodeSpec, { options }: InputSpec, wired: ReadonlySet<string>, hidden: ReadonlySet<string>): boolean {
  const { shown_with: when, grows_after: before } = options;
  if (typeof before === "string" && !wired.has(before)) return true;
  if (!isObject(when)) return false;
  const choice = String(when["input"] as string);
  const widgets = widgetsOf(spec);
  const widget = widgets.find(({ name }) => name === choice);
  const values = Array.isArray(when["values"]) ? when["values"] : [];
  return hidden.has(choice) || (widget !== undefined && !values.includes(readWidget(node, widgets, widget)));
}
