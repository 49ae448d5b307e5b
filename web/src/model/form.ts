/**
 * The form of a workflow: some of its fields and results, without the graph.
 *
 * Files keep it as `extra.linearData` (`inputs`: pairs of node and field, `outputs`: nodes), and
 * `extra.linearMode` where it is what people shall see first.
 */
import type { Document } from "./document";
import { isObject, type Json, type JsonObject } from "./json";
import type { Specs } from "./schema";
import { type Widget, widgetsOfNode } from "./widgets";
import { type Id, type Key, keyOf, type RawNode } from "./workflow";

export interface FormField {
  node: RawNode;
  key: Key;
  widgets: readonly Widget[];
  widget: Widget;
}

const DATA = "linearData";
const MODE = "linearMode";

const extraOf = (doc: Document): JsonObject => {
  const extra = (doc.file as unknown as JsonObject)["extra"];
  return isObject(extra) ? extra : {};
};

const dataOf = (doc: Document): JsonObject => {
  const data = extraOf(doc)[DATA];
  return isObject(data) ? data : {};
};

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const pairs = (doc: Document): readonly (readonly [Key, string, Json])[] =>
  list(dataOf(doc)["inputs"]).flatMap((pair) => (Array.isArray(pair) && pair.length >= 2 ? [[keyOf(pair[0] as Id), String(pair[1] as string), pair] as const] : []));

/** The fields of the form, in its order; those whose node or field is gone are left out. */
export function formFields(doc: Document, specs: Specs): FormField[] {
  const root = doc.root();
  return pairs(doc).flatMap(([key, name]) => {
    const node = root.node(key);
    if (!node) return [];
    const widgets = widgetsOfNode(node, specs.get(node.type));
    const widget = widgets.find((one) => one.name === name);
    const wired = node.inputs?.some((slot) => slot.name === name && slot.link != null) ?? false;
    return widget && !wired ? [{ node, key, widgets, widget }] : [];
  });
}

/** The nodes whose results the form shows: those that were chosen, or else all outputs. */
export function formOutputs(doc: Document, specs: Specs): Key[] {
  const chosen = list(dataOf(doc)["outputs"]).map((id) => keyOf(id as Id)).filter((key) => doc.root().node(key));
  if (chosen.length > 0) return chosen;
  return doc.file.nodes.filter((node) => specs.get(node.type)?.isOutput).map((node) => keyOf(node.id));
}

export const inForm = (doc: Document, key: Key, name: string): boolean => pairs(doc).some(([k, n]) => k === key && n === name);
export const showsResult = (doc: Document, key: Key): boolean => list(dataOf(doc)["outputs"]).some((id) => keyOf(id as Id) === key);
export const opensAsForm = (doc: Document): boolean => extraOf(doc)[MODE] === true;

/** Put a field into the form, or take it out. */
export function toggleField(doc: Document, key: Key, name: string): void {
  const id = doc.root().node(key)?.id ?? key;
  const rest = pairs(doc).filter(([k, n]) => k !== key || n !== name).map(([, , pair]) => pair);
  write(doc, { inputs: inForm(doc, key, name) ? rest : [...rest, [id, name]] });
}

/** Put the result of a node into the form, or take it out. */
export function toggleResult(doc: Document, key: Key): void {
  const id = doc.root().node(key)?.id ?? key;
  const rest = list(dataOf(doc)["outputs"]).filter((other) => keyOf(other as Id) !== key);
  write(doc, { outputs: showsResult(doc, key) ? rest : [...rest, id] });
}

/** Move a field of the form up or down by one. */
export function shiftField(doc: Document, key: Key, name: string, by: 1 | -1): void {
  const all = pairs(doc).map(([, , pair]) => pair);
  const at = pairs(doc).findIndex(([k, n]) => k === key && n === name);
  const moved = all[at];
  if (moved === undefined || at + by < 0 || at + by >= all.length) return;
  write(doc, { inputs: all.toSpliced(at, 1).toSpliced(at + by, 0, moved) });
}

/** What most people change: prompts, pictures, seed, steps, size. */
export function usualFields(doc: Document, specs: Specs): [Id, string][] {
  const found = doc.file.nodes.flatMap((node): [Id, string][] => {
    const spec = specs.get(node.type);
    if (!spec || spec.virtual || node.mode === 2 || node.mode === 4) return [];
    const wired = new Set((node.inputs ?? []).flatMap((slot) => (slot.link == null ? [] : slot.name)));
    return widgetsOfNode(node, spec).filter((widget) => !wired.has(widget.name) && isUsual(widget)).map(({ name }) => [node.id, name]);
  });
  const rank = ([, name]: [Id, string]): number => (USUAL.has(name) ? 1 : 0);
  return found.sort((a, b) => rank(a) - rank(b));
}

const USUAL = new Set(["seed", "noise_seed", "steps", "width", "height", "denoise", "strength"]);
const isUsual = ({ kind, name, input }: Widget): boolean => kind === "multiline" || USUAL.has(name) || (kind === "combo" && input.options["image_upload"] === true);

export function chooseUsual(doc: Document, specs: Specs): void {
  write(doc, { inputs: usualFields(doc, specs) as Json[] });
}

export function setOpensAsForm(doc: Document, on: boolean): void {
  doc.editFile("Form", (edit) => {
    if (!isObject((doc.file as unknown as JsonObject)["extra"])) edit.set(["extra"], {});
    edit.set(["extra", MODE], on ? true : undefined);
  });
}

function write(doc: Document, part: JsonObject): void {
  const data = { inputs: [], outputs: [], ...dataOf(doc), ...part };
  doc.editFile("Form", (edit) => {
    if (!isObject((doc.file as unknown as JsonObject)["extra"])) edit.set(["extra"], {});
    edit.set(["extra", DATA], data);
  });
}
