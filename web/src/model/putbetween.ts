/**
 * Putting a converting node between two sockets.
 *
 * Invariant: it is one step of the history, and closes no loop.
 */
import { insertNode, type Point } from "./actions";
import { type Bridge, exact, othersOf } from "./bridges";
import type { Document, Edit } from "./document";
import type { Json } from "./json";
import type { InputSpec, Specs } from "./schema";
import { outputSockets } from "./slots";
import { connect, type InputEnd, type OutputEnd, reaches } from "./wiring";
import { type Key, keyOf, posOf } from "./workflow";

/** Put a bridge between two ends; what else it needs comes from the nearest node that has it. */
export function putBetween(
  doc: Document, specs: Specs, bridge: Bridge, ends: { from: OutputEnd; to: InputEnd }, at: Point, size: readonly [number, number],
): Key {
  let key = "";
  doc.edit(`Add ${bridge.spec.title}`, (edit) => {
    key = insertNode(edit, doc, bridge.spec, at, size);
    connect(edit, doc, specs, ends.from, { node: key, name: bridge.input });
    connect(edit, doc, specs, { node: key, slot: bridge.slot }, ends.to);
    for (const other of othersOf(bridge)) feed(edit, doc, specs, key, other, at);
  });
  return key;
}

function feed(edit: Edit, doc: Document, specs: Specs, key: Key, input: InputSpec, at: Point): void {
  const source = nearestOutput(doc, specs, key, input.type, at);
  if (source) connect(edit, doc, specs, source, { node: key, name: input.name });
}

/** The nearest output of a type on a node that does not itself wait for `key`. */
function nearestOutput(doc: Document, specs: Specs, key: Key, type: Json, at: Point): OutputEnd | null {
  let best: { end: OutputEnd; far: number } | null = null;
  for (const node of doc.raw.nodes) {
    const own = keyOf(node.id);
    const slot = outputSockets(node, specs.get(node.type)).findIndex((s) => exact(s.type, type));
    if (slot < 0 || own === key || reaches(doc, key, own)) continue;
    const [x, y] = posOf(node);
    const far = Math.hypot(x - at.x, y - at.y);
    if (!best || far < best.far) best = { end: { node: own, slot }, far };
  }
  return best?.end ?? null;
}
