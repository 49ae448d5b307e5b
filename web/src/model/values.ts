/** Taking only the values of another version of a workflow, not its nodes and wires. */
import type { Document } from "./document";
import { sameJson } from "./json";
import { keyOf, type Workflow } from "./workflow";

const VALUES = ["widgets_values", "widgets_values_named"] as const;

/** Set the widgets of all nodes that `from` has too; returns how many changed, in one step. */
export function takeValues(doc: Document, from: Workflow, label: string): number {
  let changed = 0;
  doc.edit(label, (edit) => {
    for (const source of from.nodes) {
      const node = doc.node(keyOf(source.id));
      if (node?.type !== source.type) continue;
      const other = VALUES.filter((name) => !sameJson(node[name] ?? null, source[name] ?? null));
      for (const name of other) edit.set([...doc.nodePath(keyOf(source.id)), name], source[name]);
      if (other.length > 0) changed++;
    }
  });
  return changed;
}
