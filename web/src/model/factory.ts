/** The JSON of a new node, in the form that the field's files have. */
import type { Json } from "./json";
import type { NodeSpec } from "./schema";
import { rawInput } from "./slots";
import { startValue, widgetsOf } from "./widgets";
import type { Id, RawNode, Workflow } from "./workflow";

/** A node of type `spec` with default values; `pos` is the top left of the body, below the title. */
export function makeNode(
  spec: NodeSpec,
  id: Id,
  pos: readonly [number, number],
  size: readonly [number, number],
  order: number,
): RawNode {
  // Plain sockets come first, as in the files people share: slot numbers of wires then agree.
  const sockets = spec.inputs
    .filter((input) => input.options["socketless"] !== true)
    .sort((a, b) => Number(a.widget !== null) - Number(b.widget !== null));
  return {
    id,
    type: spec.type,
    pos: [Math.round(pos[0]), Math.round(pos[1])],
    size: [size[0], size[1]],
    flags: {},
    order,
    mode: 0,
    inputs: sockets.map(rawInput),
    outputs: spec.outputs.map((o) => ({ name: o.name, type: o.type, links: [] as Json[] as Id[] })),
    properties: spec.virtual ? {} : { "Node name for S&R": spec.type },
    widgets_values: widgetsOf(spec).map(startValue),
  };
}

/** An empty workflow in the root form of version 0.4. */
export function emptyWorkflow(id: string): Workflow {
  return {
    id,
    revision: 0,
    last_node_id: 0,
    last_link_id: 0,
    nodes: [],
    links: [],
    groups: [],
    config: {},
    extra: {},
    version: 0.4,
  };
}
