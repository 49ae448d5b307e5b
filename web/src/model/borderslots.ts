/** The inputs and outputs of a subgraph: adding, naming and removing them from inside. */
import { INPUTS, linkIdsOf, OUTPUTS, slotsOf } from "./boundary";
import type { Document, Edit } from "./document";
import { freshUuid } from "./ids";
import type { Json } from "./json";
import { keyOf } from "./workflow";

export type Side = "inputs" | "outputs";

/** Add a slot at the end; returns its name, which no other slot of that side has. */
export function addSlot(edit: Edit, doc: Document, side: Side, wish: string, type: Json): string {
  const taken = new Set(slotsOf(doc.raw, side).map((slot) => slot["name"]));
  let name = wish || String(type as string).toLowerCase();
  for (let i = 1; taken.has(name); i++) name = `${wish}_${String(i)}`;
  if (!Array.isArray(doc.raw[side])) edit.set([side], []);
  edit.push([side], { id: freshUuid(), name, type, linkIds: [] });
  return name;
}

/** Give a slot another label; its name stays, because wires and values outside hang on it. */
export function renameSlot(doc: Document, side: Side, slot: number, label: string): void {
  doc.edit("Rename slot", (edit) => {
    edit.set([side, slot, "label"], label === "" ? undefined : label);
  });
}

/**
 * Remove a slot inside a running edit; `cutWire` removes the wires at it. Wires of later slots get
 * the number that they move to.
 */
export function dropSlot(
  edit: Edit,
  doc: Document,
  side: Side,
  slot: number,
  cutWire: (id: string) => void,
): void {
  for (const id of [...linkIdsOf(slotsOf(doc.raw, side)[slot])]) cutWire(keyOf(id));
  const end = side === "inputs" ? INPUTS : OUTPUTS;
  for (const link of doc.links()) {
    const at = side === "inputs" ? link.fromSlot : link.toSlot;
    if ((side === "inputs" ? link.from : link.to) !== end || at <= slot) continue;
    const index = doc.linkIndex(keyOf(link.id));
    if (index === undefined) continue;
    const tuple = Array.isArray(doc.raw.links[index]);
    const field = side === "inputs" ? (tuple ? 2 : "origin_slot") : tuple ? 4 : "target_slot";
    edit.set(["links", index, field], at - 1);
  }
  edit.removeAt([side], slot);
}
