/** Which socket types may be wired together, and why not. */
import type { Json } from "./json";

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
