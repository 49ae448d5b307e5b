/** What node packs ask for, as far as a prompt uses them. */
import { isObject, type Json, stringifyJson } from "../model/json";

export interface Asking {
  readonly pack: string;
  /** Names of capabilities, each with the reason that the pack gives. */
  readonly wants: readonly (readonly [name: string, why: string])[];
  /** Folders that it writes to. */
  readonly writes: readonly string[];
  /** What keeps it to that; empty if nothing does. */
  readonly held: string;
  /** Another one whenever the pack asks for something else. */
  readonly mark: string;
}

/** The packs among the answer of `/x/packs` that ask for something and have nodes of these kinds. */
export function readAsking(answer: Json, kinds: ReadonlySet<string>): Asking[] {
  const packs = isObject(answer) && Array.isArray(answer["packs"]) ? answer["packs"] : [];
  return packs.map((pack) => asking(pack, kinds)).filter((found) => found !== null);
}

function asking(pack: Json, kinds: ReadonlySet<string>): Asking | null {
  if (!isObject(pack) || !isObject(pack["asks"])) return null;
  if (!list(pack["nodes"]).some((kind) => kinds.has(kind))) return null;
  const asks = pack["asks"];
  const wants = Object.entries(asks).filter(([name]) => name !== "file-write");
  const writes = list(asks["file-write"]);
  if (wants.length + writes.length === 0) return null;
  const held = text(pack["held"]);
  const reasons = wants.map(([name, why]) => [name, text(why)] as const);
  return { pack: text(pack["name"]), wants: reasons, writes, held, mark: stringifyJson({ asks, held }) };
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

const list = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(text) : []);
