/**
 * The units of a comparison as a person takes them: a node with its wires, a wire, a group.
 *
 * Seen from here: `there` has what this document lacks, `here` is what only this one has.
 */
import { t } from "../i18n";
import { labelOf } from "./axes";
import { compare, type LevelId, levelOf, placeOf, type Source, type Unit } from "./compare";
import { definitionsOf, type Document } from "./document";
import type { Json } from "./json";
import { isLayout } from "./merge";
import { titleOf } from "./prompt";
import type { Specs } from "./schema";
import { widgetsOf } from "./widgets";
import { type Key, Mode, type RawNode } from "./workflow";

export type HunkKind = "here" | "there" | "changed" | "looks";

export interface Hunk {
  /** The same as long as it is about the same thing. */
  id: string;
  kind: HunkKind;
  level: LevelId;
  /** The name of the subgraph; empty at the root. */
  inside: string;
  /** The node to look at; null for a group or the file as a whole. */
  node: Key | null;
  title: string;
  lines: readonly string[];
  units: readonly Unit[];
}

/** What differs, in the order of the file: what runs otherwise first, then what only looks otherwise. */
export function hunksOf(here: Document, there: Document, specs: Specs): Hunk[] {
  const units = compare(here, there);
  const names = new Map([...definitionsOf(there.file), ...definitionsOf(here.file)].map(([id, { name }]) => [id, String(name as string)]));
  const heaps = new Map<string, Unit[]>();
  for (const unit of units) {
    const id = heapOf(unit, units);
    heaps.set(id, [...(heaps.get(id) ?? []), unit]);
  }
  const hunks = [...heaps].map(([id, heap]) => hunkOf(id, heap, { here, there, specs, names }));
  return [...hunks.filter(({ kind }) => kind !== "looks"), ...hunks.filter(({ kind }) => kind === "looks")];
}

/** Wires belong to a node at either end that comes or goes, else to the node that they feed. */
function heapOf(unit: Unit, units: readonly Unit[]): string {
  const at = unit.level ?? "";
  if (unit.kind === "group") return placeOf(unit);
  if (unit.kind === "rest") return `rest\n${at}`;
  if (unit.kind !== "wire") return `node\n${at}\n${unit.node}`;
  const moving = (key: Key | undefined): boolean => units.some((one) => one.kind === "node" && one.level === unit.level && one.node === key);
  const owner = [unit.node, unit.now?.node, unit.was?.node].find(moving) ?? unit.node;
  return `node\n${at}\n${owner}`;
}

interface Sides {
  here: Document;
  there: Document;
  specs: Specs;
  names: ReadonlyMap<string, string>;
}

function hunkOf(id: string, units: readonly Unit[], sides: Sides): Hunk {
  const [first] = units as [Unit, ...Unit[]];
  const { level } = first;
  const node = id.startsWith("node") ? (id.split("\n")[2] ?? "") : null;
  const inside = level === null ? "" : (sides.names.get(level) ?? "");
  const lines = units.flatMap((unit) => lineOf(unit, sides));
  const title = node === null ? titleOfPart(first) : nodeName(sides, level, node);
  return { id, kind: kindOf(units), level, inside, node, title, lines: [...new Set(lines)], units };
}

function kindOf(units: readonly Unit[]): HunkKind {
  const whole = units.find((unit) => unit.kind === "node" || unit.kind === "group");
  if (whole && whole.was === null) return "there";
  if (whole && whole.now === null) return "here";
  return units.every(isLayout) ? "looks" : "changed";
}

function titleOfPart(unit: Unit): string {
  if (unit.kind === "group") return t("Group {name}", { name: (unit.now ?? unit.was)?.title ?? "" });
  return unit.level === null ? t("The file") : t("The subgraph");
}

function nodeName({ here, there, specs }: Sides, level: LevelId, key: Key): string {
  const node = levelOf(here, level).node(key) ?? levelOf(there, level).node(key);
  return node ? titleOf(node, specs) : `#${key}`;
}

function lineOf(unit: Unit, sides: Sides): string[] {
  if (unit.kind === "wire") return [wireLine(unit, sides)];
  if (unit.kind === "node") return unit.was && unit.now ? [`${t("type")}: ${unit.was.type} → ${unit.now.type}`] : [];
  if (unit.kind === "group") return unit.was && unit.now ? [t("another frame, name or colour")] : [];
  if (unit.kind === "rest") return [unit.path.join(".")];
  const [name, part] = unit.path;
  if (name === "pos") return [t("elsewhere")];
  if (name === "size") return [t("another size")];
  if (name === "mode") return [`${t("mode")}: ${modeName(unit.was)} → ${modeName(unit.now)}`];
  if (name === "inputs" || name === "outputs") return [t("other sockets")];
  const node = levelOf(sides.here, unit.level).node(unit.node);
  const label = name === "widgets_values" && node ? widgetName(node, part, sides.specs) : String(part ?? name);
  return [`${label}: ${said(unit.was)} → ${said(unit.now)}`];
}

function widgetName(node: RawNode, part: string | number | undefined, specs: Specs): string {
  const spec = specs.get(node.type);
  const widget = spec && typeof part === "number" ? widgetsOf(spec)[part] : undefined;
  return (widget?.kind === "control" ? t("after a run") : widget?.name) ?? (part === undefined ? t("values") : t("value {n}", { n: part }));
}

function modeName(mode: Json | undefined): string {
  if (mode === Mode.Mute) return t("muted");
  return mode === Mode.Bypass ? t("bypassed") : t("on");
}

const said = (value: Json | undefined): string => (value === undefined ? "–" : labelOf(value));

function wireLine(unit: Extract<Unit, { kind: "wire" }>, sides: Sides): string {
  const end = (source: Source | null): string => (source ? nodeName(sides, unit.level, source.node) : t("nothing"));
  return `${nodeName(sides, unit.level, unit.node)} · ${unit.input}: ${end(unit.was)} → ${end(unit.now)}`;
}
