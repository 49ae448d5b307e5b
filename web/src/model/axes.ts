/**
 * The axes of a sweep: which values of which widgets a workflow is run for.
 *
 * They stand in the file's `extra`, so undo, tabs and saved files have them. Invariant: an input is
 * on one axis at most, and an axis has a value at least.
 */
import { t } from "../i18n";
import type { Document } from "./document";
import { isObject, type Json, type JsonObject, stringifyJson } from "./json";
import type { Prompt } from "./prompt";
import type { Key } from "./workflow";

const FIELD = "loom_axes";
/** As many as the server takes in one sweep. */
export const MOST_CELLS = 1024;

export interface Axis {
  /** Execution id. */
  node: Key;
  input: string;
  values: readonly Json[];
}

export function axesOf(doc: Document): Axis[] {
  const extra = (doc.file as unknown as JsonObject)["extra"];
  const list = isObject(extra) ? extra[FIELD] : null;
  return (Array.isArray(list) ? list : []).filter(isObject).flatMap((axis) => {
    const { node, input, values } = axis;
    const whole = typeof node === "string" && typeof input === "string" && Array.isArray(values) && values.length > 0;
    return whole ? [{ node, input, values }] : [];
  });
}

/** Put an axis in, in the place of the one of the same input; without values it is taken out. */
export function setAxis(doc: Document, axis: Axis): void {
  const old = axesOf(doc);
  const at = old.findIndex((other) => sameInput(other, axis));
  const next = at < 0 ? [...old, axis] : old.map((other, i) => (i === at ? axis : other));
  write(doc, next.filter((each) => each.values.length > 0));
}

export const sameInput = (a: Axis, b: Pick<Axis, "node" | "input">): boolean => a.node === b.node && a.input === b.input;

export function clearAxes(doc: Document): void {
  write(doc, []);
}

function write(doc: Document, axes: readonly Axis[]): void {
  doc.editFile("Sweep", (edit) => {
    if (!isObject((doc.file as unknown as JsonObject)["extra"])) edit.set(["extra"], {});
    const plain = axes.map(({ node, input, values }) => ({ node, input, values: [...values] }));
    edit.set(["extra", FIELD], plain.length > 0 ? plain : undefined);
  });
}

/** Values as they were typed: numbers between commas or blanks, texts one a line. Throws a sentence. */
export function readValues(text: string, type: string): Json[] {
  if (type !== "INT" && type !== "FLOAT") return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return text.split(/[\s,;]+/).filter((part) => part !== "").map((part) => readNumber(part, type));
}

function readNumber(part: string, type: string): Json {
  const value = Number(part);
  if (!Number.isFinite(value)) throw new Error(t('"{part}" is not a number.', { part }));
  if (type === "INT" && !Number.isInteger(value)) throw new Error(t('"{part}" is not a whole number.', { part }));
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(part) : value;
}

/** So many numbers from one end to the other, both included. */
export function rangeValues(from: number, to: number, count: number, whole: boolean): number[] {
  const n = Math.max(1, Math.min(MOST_CELLS, Math.round(count)));
  const all = Array.from({ length: n }, (_, i) => (n === 1 ? from : from + ((to - from) * i) / (n - 1)));
  // Twelve digits: steps such as 0.1 must not show their binary tails.
  return [...new Set(all.map((value) => (whole ? Math.round(value) : Number(value.toPrecision(12)))))];
}

export const combinations = (axes: readonly Axis[]): number => axes.reduce((n, axis) => n * axis.values.length, 1);

/** How often each node runs: once for every combination of the axes that it depends on. */
export function turnsOf(prompt: Prompt, axes: readonly Axis[]): Map<Key, number> {
  const below = new Map<Key, Set<number>>(Object.keys(prompt).map((id) => [id, new Set<number>()]));
  axes.forEach((axis, i) => {
    for (const id of reached(prompt, axis.node)) below.get(id)?.add(i);
  });
  return new Map([...below].map(([id, on]) => [id, combinations(axes.filter((_, i) => on.has(i)))]));
}

/** A node and all that its results flow into. */
function reached(prompt: Prompt, start: Key): Set<Key> {
  const users = new Map<Key, Key[]>();
  for (const [id, { inputs }] of Object.entries(prompt)) {
    for (const value of Object.values(inputs)) {
      if (!Array.isArray(value)) continue;
      const source = String(value[0] as string);
      users.set(source, [...(users.get(source) ?? []), id]);
    }
  }
  const seen = new Set<Key>([start]);
  for (const id of seen) for (const user of users.get(id) ?? []) seen.add(user);
  return seen;
}

/** A prompt with the last value of every axis: the combination that is least likely to be kept. */
export function lastOf(prompt: Prompt, axes: readonly Axis[]): Prompt {
  const changed = { ...prompt };
  for (const { node, input, values } of axes) {
    const old = changed[node];
    if (old) changed[node] = { ...old, inputs: { ...old.inputs, [input]: values.at(-1) ?? null } };
  }
  return changed;
}

/** A value as a label. */
export function labelOf(value: Json): string {
  const text = typeof value === "string" ? value : typeof value === "bigint" ? value.toString() : stringifyJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
