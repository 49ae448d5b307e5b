/** Which socket types may be wired together, and why not. */
import { t } from "../i18n";
import type { Json } from "./json";
import type { NodeSpec, Specs } from "./schema";

/** Socket types as a list: "A,B" offers both, "*", 0 and -1 mean any. */
export function typesOf(type: Json | undefined): string[] {
  if (type == null || type === "" || type === 0 || type === -1) return ["*"];
  if (Array.isArray(type)) return ["COMBO"];
  return String(type as string)
    .split(",")
    .map((part) => part.trim().toUpperCase());
}

/** True if an output of type `from` may feed an input of type `to`. */
export function compatible(from: Json | undefined, to: Json | undefined): boolean {
  const offered = typesOf(from);
  const wanted = typesOf(to);
  if (offered.includes("*") || wanted.includes("*")) return true;
  return offered.some((type) => wanted.includes(type));
}

/** The type as a person reads it. */
export function typeName(type: Json | undefined): string {
  const names = typesOf(type);
  return names.includes("*") ? "any" : names.join(" or ");
}

/** Node types that turn `from` into `to` in one step, for the hint on a refused wire. */
export function converters(specs: Specs, from: Json, to: Json): NodeSpec[] {
  const fits = (spec: NodeSpec): boolean =>
    !spec.virtual &&
    spec.inputs.some((i) => i.widget === null && i.type !== "*" && compatible(from, i.type)) &&
    spec.outputs.some((o) => o.type !== "*" && compatible(o.type, to));
  // Fewest other sockets to wire first: that is the plain converter.
  const effort = (spec: NodeSpec): number => spec.inputs.filter((i) => i.widget === null).length;
  return [...specs.values()].filter(fits).sort((a, b) => effort(a) - effort(b));
}

/** Why a wire is refused, with the node that would help where one is known. */
export function refusal(specs: Specs, from: Json, to: Json): string {
  const helper = converters(specs, from, to)[0];
  const fix = helper ? ` ${t('Put "{title}" between them.', { title: helper.title })}` : "";
  return t("{from} does not fit {to}.", { from: typeName(from), to: typeName(to) }) + fix;
}
