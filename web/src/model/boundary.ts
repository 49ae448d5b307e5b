/**
 * The border of a subgraph seen from inside: two nodes that the file keeps as slot lists.
 *
 * Links inside name them -10 (what comes in) and -20 (what goes out). They are shown as nodes made
 * from `inputs`, `outputs` and the rectangles in `inputNode` and `outputNode`.
 */
import { isObject, type Json, type JsonObject } from "./json";
import type { Path } from "./patch";
import type { Id, Key, RawNode, RawSlot, Workflow } from "./workflow";

export const INPUTS = "-10";
export const OUTPUTS = "-20";
/** Node types of the two, for drawing. */
export const INPUTS_TYPE = "loom/subgraph-inputs";
export const OUTPUTS_TYPE = "loom/subgraph-outputs";
/** The name of the free slot that makes a new input or output when wired. */
export const NEW_SLOT = "+";

export const isBoundary = (key: Key): boolean => key === INPUTS || key === OUTPUTS;

/** The slots of a subgraph; `side` is seen from outside. */
export function slotsOf(graph: Workflow, side: "inputs" | "outputs"): JsonObject[] {
  const slots = graph[side];
  return Array.isArray(slots) ? slots.filter(isObject) : [];
}

export const linkIdsOf = (slot: JsonObject | undefined): Id[] =>
  Array.isArray(slot?.["linkIds"]) ? (slot["linkIds"] as Id[]) : [];

/** The border as a node of the level; null at the root, which has none. */
export function boundaryNode(graph: Workflow, key: Key): RawNode | null {
  const side = key === INPUTS ? "inputs" : "outputs";
  const frame = graph[key === INPUTS ? "inputNode" : "outputNode"];
  if (!isObject(frame)) return null;
  const [x = 0, y = 0, w = 120] = (Array.isArray(frame["bounding"]) ? frame["bounding"] : []).map(Number);
  const slots = slotsOf(graph, side).map((slot) => asSlot(slot, side));
  slots.push({ name: NEW_SLOT, type: "*", link: null, links: [] });
  return {
    id: Number(key),
    type: key === INPUTS ? INPUTS_TYPE : OUTPUTS_TYPE,
    title: key === INPUTS ? "Inputs" : "Outputs",
    pos: [x, y],
    size: [Math.max(120, w), 0],
    ...(side === "inputs" ? { outputs: slots } : { inputs: slots }),
  };
}

function asSlot(slot: JsonObject, side: "inputs" | "outputs"): RawSlot {
  const ids = linkIdsOf(slot);
  const label = slot["label"] ?? slot["name"] ?? "";
  const wires = side === "inputs" ? { links: [...ids] } : { link: ids[0] ?? null };
  return { name: String(slot["name"] as string), type: slot["type"] ?? "*", label: label as Json, ...wires };
}

/** Where the file lists the wires of a border slot. */
export const linkIdsPath = (key: Key, slot: number): Path => [
  key === INPUTS ? "inputs" : "outputs",
  slot,
  "linkIds",
];
