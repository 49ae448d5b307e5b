/**
 * Sockets of a node: those the file lists, plus those its type has and the file left out.
 *
 * Old files list only wired or converted widgets; every widget is a socket all the same. A socket
 * that the file does not list has index -1 and is written into the file when it is first wired.
 */
import { t } from "../i18n";
import type { Json } from "./json";
import type { Edit } from "./document";
import type { Path } from "./patch";
import type { InputSpec, NodeSpec } from "./schema";
import { type Id, keyOf, type Key, type RawNode, type RawSlot } from "./workflow";

export interface Socket {
  name: string;
  label: string;
  type: Json;
  /** Place in `inputs` or `outputs` of the file; -1 if the file does not list it. */
  index: number;
  /** The widget whose value this socket replaces. */
  widget: string | null;
  /** The wire into an input; null for a free one. Outputs keep theirs in the link table. */
  link: Key | null;
  optional: boolean;
  list: boolean;
}

const labelOf = (slot: RawSlot): string => {
  const label = slot["label"] ?? slot["localized_name"];
  return typeof label === "string" && label ? label : String(slot.name);
};

export function inputSockets(node: RawNode, spec: NodeSpec | undefined): Socket[] {
  const known = new Map<string, InputSpec>(spec?.inputs.map((input) => [input.name, input]));
  const sockets = (node.inputs ?? []).map((slot, index): Socket => {
    const input = known.get(slot.name);
    const widget = slot.widget?.name ?? (input?.widget ? input.name : null);
    return {
      name: slot.name,
      label: labelOf(slot),
      type: slot.type,
      index,
      widget,
      link: slot.link == null ? null : keyOf(slot.link as Id),
      optional: slot["shape"] === 7 || input?.required === false,
      list: false,
    };
  });
  return [...sockets, ...missingInputs(sockets, spec)];
}

function missingInputs(listed: readonly Socket[], spec: NodeSpec | undefined): Socket[] {
  const names = new Set(listed.map((socket) => socket.name));
  const missing = (spec?.inputs ?? []).filter(
    (input) => !names.has(input.name) && input.options["socketless"] !== true,
  );
  return missing.map((input) => ({
    name: input.name,
    label: input.label ?? input.name,
    type: input.type,
    index: -1,
    widget: input.widget ? input.name : null,
    link: null,
    optional: !input.required,
    list: false,
  }));
}

export function outputSockets(node: RawNode, spec: NodeSpec | undefined): Socket[] {
  const count = Math.max(node.outputs?.length ?? 0, spec?.outputs.length ?? 0);
  return Array.from({ length: count }, (_, i): Socket => {
    const slot = node.outputs?.[i];
    const known = spec?.outputs[i];
    return {
      name: slot?.name ?? known?.name ?? "",
      label: slot ? labelOf(slot) : (known?.name ?? ""),
      type: slot?.type ?? known?.type ?? "*",
      index: slot ? i : -1,
      widget: null,
      link: null,
      optional: false,
      list: known?.list ?? false,
    };
  });
}

/** The JSON of an input socket, as a fresh node stores it. */
export function rawInput(input: InputSpec): RawSlot {
  const slot: RawSlot = { name: input.name, type: input.type, link: null };
  if (input.widget) slot.widget = { name: input.name };
  if (!input.required) slot["shape"] = 7;
  return slot;
}

/** The index of an input in the file, listing the socket first if the file did not. */
export function ensureInput(edit: Edit, path: Path, node: RawNode, spec: NodeSpec, name: string): number {
  const at = (node.inputs ?? []).findIndex((slot) => slot.name === name);
  if (at >= 0) return at;
  const input = spec.inputs.find((candidate) => candidate.name === name);
  if (!input) throw new Error(t('"{title}" has no input {name}.', { title: spec.title, name }));
  if (!node.inputs) edit.set([...path, "inputs"], []);
  edit.push([...path, "inputs"], rawInput(input));
  return (node.inputs ?? []).length - 1;
}

/** The index of an output in the file, listing outputs that its type gained since. */
export function ensureOutput(edit: Edit, path: Path, node: RawNode, spec: NodeSpec | undefined, slot: number): number {
  if (!node.outputs) edit.set([...path, "outputs"], []);
  for (let i = node.outputs?.length ?? 0; i <= slot; i++) {
    const known = spec?.outputs[i];
    if (!known) throw new Error(t("Node {node} has no output {slot}.", { node: node.id, slot }));
    edit.push([...path, "outputs"], { name: known.name, type: known.type, links: [] });
  }
  return slot;
}
