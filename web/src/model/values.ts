/** Taking only the values of another version of a workflow, not its nodes and wires. */
import type { Document } from "./document";
import { type Json, sameJson } from "./json";
import type { Specs } from "./schema";
import { readWidget, widgetsOf } from "./widgets";
import { type Key, keyOf, type Workflow } from "./workflow";

const VALUES = ["widgets_values", "widgets_values_named"] as const;

/** Set the widgets of all nodes that `from` has too, or of some; returns how many changed, in one step. */
export function takeValues(doc: Document, from: Workflow, label: string, only?: ReadonlySet<Key>): number {
  let changed = 0;
  doc.edit(label, (edit) => {
    for (const source of from.nodes) {
      const node = doc.node(keyOf(source.id));
      if (node?.type !== source.type || only?.has(keyOf(source.id)) === false) continue;
      const other = VALUES.filter((name) => !sameJson(node[name] ?? null, source[name] ?? null));
      for (const name of other) edit.set([...doc.nodePath(keyOf(source.id)), name], source[name]);
      if (other.length > 0) changed++;
    }
  });
  return changed;
}

/** A widget that has another value in an older version of a workflow. */
export interface Difference {
  node: Key;
  name: string;
  was: Json;
  now: Json;
}

/** What differs between the nodes that both have, in the order of the file. */
export function differences(doc: Document, from: Workflow, specs: Specs): Difference[] {
  return from.nodes.flatMap((source) => {
    const key = keyOf(source.id);
    const node = doc.node(key);
    const spec = specs.get(source.type);
    if (node?.type !== source.type || !spec) return [];
    const widgets = widgetsOf(spec);
    return widgets
      .filter((widget) => widget.kind !== "upload")
      .map((widget) => ({ node: key, name: widget.name, was: readWidget(source, widgets, widget), now: readWidget(node, widgets, widget) }))
      .filter(({ was, now }) => !sameJson(was, now));
  });
}
