/** Node types that join two sockets whose types differ, found in the specs themselves and ranked. */
import { t } from "../i18n";
import type { Json } from "./json";
import type { InputSpec, NodeSpec, Specs } from "./schema";
import { compatible, typeName, typesOf } from "./types";

/** A node type that takes one type and gives another. */
export interface Bridge {
  spec: NodeSpec;
  input: string;
  slot: number;
}

/** True if the types fit by name; "any" fits everything and so converts nothing. */
export const exact = (from: Json, to: Json): boolean =>
  !typesOf(from).includes("*") && !typesOf(to).includes("*") && compatible(from, to);

/** The sockets besides the bridged one that have to be wired before it runs. */
export const othersOf = ({ spec, input }: Bridge): InputSpec[] =>
  spec.inputs.filter((i) => i.required && i.widget === null && i.name !== input);

/** Node types that turn `from` into `to` in one step; the plainest first. */
export function bridges(specs: Specs, from: Json, to: Json): Bridge[] {
  const found = [...specs.values()].flatMap((spec) => bridgeOf(spec, from, to) ?? []);
  // Stable: among equals the server's order, in which the common nodes come first, stays.
  return found.map((bridge) => ({ bridge, cost: costOf(bridge) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ bridge }) => bridge);
}

function bridgeOf(spec: NodeSpec, from: Json, to: Json): Bridge | null {
  if (spec.virtual || spec.deprecated) return null;
  const slot = spec.outputs.findIndex((o) => exact(o.type, to));
  const takes = spec.inputs.filter((i) => exact(from, i.type) && i.options["socketless"] !== true);
  const input = takes.find((i) => i.required && i.widget === null) ?? takes.find((i) => i.required) ?? takes[0];
  // What also gives back what it takes (a pass-through with a by-product) converts nothing.
  return slot < 0 || !input || spec.outputs.some((o, i) => i < slot && exact(from, o.type)) ? null : { spec, input: input.name, slot };
}

/** Work that is left to the user, and how much else the node does. */
function costOf(bridge: Bridge): number {
  const { spec, input, slot } = bridge;
  const at = spec.inputs.find((i) => i.name === input);
  const detour = (at?.required ? 0 : 6) + (at?.widget ? 3 : 0);
  const byProducts = 5 * slot + 2 * (spec.outputs.length - 1);
  return 4 * othersOf(bridge).length + detour + byProducts + spec.inputs.filter((i) => i.name !== input).length / 4;
}

/** Why a wire is refused, with the node that would help where one is known. */
export function refusal(specs: Specs, from: Json, to: Json): string {
  const helper = bridges(specs, from, to)[0]?.spec;
  const fix = helper ? ` ${t('Put "{title}" between them.', { title: helper.title })}` : "";
  return t("{from} does not fit {to}.", { from: typeName(from), to: typeName(to) }) + fix;
}
