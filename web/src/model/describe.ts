/** A node in words, for those who hear it: what it is, how it is wired, what it is set to. */
import { t } from "../i18n";
import type { Document } from "./document";
import type { Json } from "./json";
import { titleOf } from "./prompt";
import type { Specs } from "./schema";
import { inputSockets, outputSockets } from "./slots";
import { readWidget, widgetsOf } from "./widgets";
import { flagsOf, isCollapsed, type Key, Mode, modeOf, type RawNode } from "./workflow";

const LONGEST = 80;

/** `state` is what its last run left, in words that are translated already. */
export function describeNode(doc: Document, specs: Specs, key: Key, state: readonly string[] = []): string {
  const node = doc.node(key);
  if (!node) return "";
  const spec = specs.get(node.type);
  const title = titleOf(node, specs);
  const kind = spec && spec.title !== title ? [spec.title] : [];
  const head = [title, ...kind, ...(spec ? [] : [t("unknown type")]), ...modes(node), ...state].join(", ");
  return [head, ...inputs(doc, specs, node), ...values(specs, node), ...outputs(doc, specs, node, key)].map((part) => `${part}.`).join(" ");
}

function modes(node: RawNode): string[] {
  const mode = modeOf(node);
  return [
    ...(mode === Mode.Bypass ? [t("bypassed")] : mode === Mode.Mute ? [t("muted")] : []),
    ...(isCollapsed(node) ? [t("collapsed")] : []),
    ...(flagsOf(node)["pinned"] === true ? [t("pinned")] : []),
  ];
}

function inputs(doc: Document, specs: Specs, node: RawNode): string[] {
  const parts = inputSockets(node, specs.get(node.type)).flatMap((socket) => {
    const link = socket.link === null ? undefined : doc.link(socket.link);
    const source = link && doc.node(link.from);
    if (source) return [t("{input} from {node}", { input: socket.label, node: titleOf(source, specs) })];
    return socket.widget === null && !socket.optional ? [t("{input} is not wired", { input: socket.label })] : [];
  });
  return parts.length > 0 ? [t("Inputs: {list}", { list: parts.join("; ") })] : [];
}

function values(specs: Specs, node: RawNode): string[] {
  const spec = specs.get(node.type);
  const widgets = spec ? widgetsOf(spec) : [];
  const wired = new Set((node.inputs ?? []).flatMap((slot) => (slot.link != null ? [slot.name] : [])));
  const shown = widgets.filter(({ kind, name }) => kind !== "control" && kind !== "upload" && !wired.has(name));
  const parts = shown.map((widget) => `${widget.name} ${spoken(readWidget(node, widgets, widget))}`);
  return parts.length > 0 ? [t("Values: {list}", { list: parts.join("; ") })] : [];
}

function spoken(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
  if (text === "") return t("empty");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function outputs(doc: Document, specs: Specs, node: RawNode, key: Key): string[] {
  const out = [...doc.linksOf(key)].filter((link) => link.from === key);
  const parts = outputSockets(node, specs.get(node.type)).flatMap((socket, slot) => {
    const to = out.filter((link) => link.fromSlot === slot).flatMap((link) => doc.node(link.to) ?? []);
    return to.length > 0 ? [t("{output} to {nodes}", { output: socket.label, nodes: to.map((one) => titleOf(one, specs)).join(", ") })] : [];
  });
  return parts.length > 0 ? [t("Outputs: {list}", { list: parts.join("; ") })] : [];
}
