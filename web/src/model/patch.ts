/**
 * Reversible edits of JSON: every operation carries what it replaced.
 *
 * Invariant: `apply(root, op)` then `apply(root, invert(op))` leaves `root` equal by value.
 */
import { cloneJson, type Json, type JsonObject } from "./json";

export type Path = readonly (string | number)[];

/** `set` with an undefined side adds or deletes a key; insert/remove work inside arrays. */
export type Op =
  | { kind: "set"; path: Path; from: Json | undefined; to: Json | undefined }
  | { kind: "insert"; path: Path; index: number; value: Json }
  | { kind: "remove"; path: Path; index: number; value: Json };

/** One step of the history: what the user did, and the operations that did it. */
export interface Patch {
  label: string;
  ops: Op[];
  /** Follow-ups of the machine (the seed after Run) are undone together with the step before. */
  automatic?: boolean;
}

/** The value at `path`, or undefined where a step is missing. */
export function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (value == null || typeof value !== "object") return undefined;
    value = (value as JsonObject)[step];
  }
  return value;
}

/** Carry out one operation in place. Values are copied, so that later edits leave `op` intact. */
export function apply(root: Json, op: Op): void {
  if (op.kind === "set") {
    setAt(root, op.path, cloneJson(op.to));
    return;
  }
  const list = valueAt(root, op.path);
  if (!Array.isArray(list)) throw new Error(`No list at ${op.path.join(".")} to edit.`);
  if (op.kind === "insert") list.splice(op.index, 0, cloneJson(op.value));
  else list.splice(op.index, 1);
}

function setAt(root: Json, path: Path, value: Json | undefined): void {
  const last = path.at(-1);
  const parent = valueAt(root, path.slice(0, -1));
  if (last === undefined || parent == null || typeof parent !== "object") {
    throw new Error(`Nothing at ${path.slice(0, -1).join(".")} to edit.`);
  }
  const target = parent as JsonObject;
  if (value !== undefined) target[last] = value;
  else Reflect.deleteProperty(target, last);
}

export function invert(op: Op): Op {
  if (op.kind === "set") return { ...op, from: op.to, to: op.from };
  return { ...op, kind: op.kind === "insert" ? "remove" : "insert" };
}

/** Append operations of one gesture; a later `set` of the same place replaces the earlier one. */
export function mergeOps(ops: Op[], more: readonly Op[]): void {
  const place = (op: Op): string => JSON.stringify(op.path);
  // Only sets may move past each other: an insert or remove shifts the indices in paths.
  const onlySets = ops.every((op) => op.kind === "set");
  const known = new Map(onlySets ? ops.map((op, at) => [place(op), at]) : []);
  for (const op of more) {
    const at = known.get(place(op));
    const earlier = at === undefined ? undefined : ops[at];
    if (op.kind !== "set") known.clear();
    if (at !== undefined && op.kind === "set" && earlier?.kind === "set") {
      ops[at] = { ...earlier, to: op.to };
    } else ops.push(op);
  }
}
