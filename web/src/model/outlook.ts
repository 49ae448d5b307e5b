/**
 * What a run would do, as `/x/plan` tells it, and how it is said to people.
 *
 * Invariant: pure; an instance of a subgraph adds up what its inner nodes would do.
 */
import { t } from "../i18n";
import { isObject, type Json } from "./json";
import type { Key } from "./workflow";

export type Fate = "cached" | "run" | "idle" | "blocked";

/** What would become of one node; numbers are what its kind usually takes here, null if unknown. */
export interface Prospect {
  fate: Fate;
  reasons: readonly string[];
  ms: number | null;
  /** The most memory it takes: of its call or of its result. */
  bytes: number | null;
}

export interface Outlook {
  nodes: ReadonlyMap<Key, Prospect>;
  ms: number;
  bytes: number;
}

const FATES = new Set<Json | undefined>(["cached", "run", "idle", "blocked"]);
const count = (value: Json | undefined): number | null => (typeof value === "number" && value > 0 ? value : null);

/** Read an answer of `/x/plan`; null for anything else. */
export function readOutlook(body: Json): Outlook | null {
  if (!isObject(body) || !isObject(body["nodes"])) return null;
  const nodes = new Map<Key, Prospect>();
  for (const [id, entry] of Object.entries(body["nodes"])) {
    if (!isObject(entry) || !FATES.has(entry["state"])) continue;
    const reasons = Array.isArray(entry["reasons"]) ? entry["reasons"].map(String) : [];
    const bytes = Math.max(count(entry["bytes"]) ?? 0, count(entry["peak"]) ?? 0);
    nodes.set(id, { fate: entry["state"] as Fate, reasons, ms: count(entry["ms"]), bytes: bytes || null });
  }
  return { nodes, ms: count(body["total_ms"]) ?? 0, bytes: count(body["peak_bytes"]) ?? 0 };
}

/** The prospect of an execution id; of an instance, what happens inside it. */
export function prospectOf(outlook: Outlook, id: Key): Prospect | null {
  const own = outlook.nodes.get(id);
  if (own) return own;
  const inner = [...outlook.nodes].filter(([other]) => other.startsWith(`${id}:`)).map(([, prospect]) => prospect);
  return inner.length > 0 ? together(inner) : null;
}

function together(inner: readonly Prospect[]): Prospect {
  const fate = (["blocked", "run", "cached"] as const).find((one) => inner.some((p) => p.fate === one)) ?? "idle";
  const known = inner.flatMap((p) => p.ms ?? []);
  const bytes = Math.max(0, ...inner.map((p) => p.bytes ?? 0));
  return {
    fate,
    reasons: [...new Set(inner.filter((p) => p.fate === fate).flatMap((p) => p.reasons))],
    ms: known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) : null,
    bytes: bytes || null,
  };
}

/** What the badge of a node says: what happens, why, and how long it takes. */
export function explainProspect({ fate, reasons, ms }: Prospect): string {
  const why = reasons.slice(0, 3).map(capital).join("\n");
  if (fate === "cached") return t("Its result is kept: it will not run again.");
  if (fate === "idle" && why !== "") return why;
  if (fate === "idle") return t("Not needed: what it feeds is known.");
  if (fate === "blocked") return `${t("It cannot run.")}\n${why}`;
  const long = ms === null ? "" : ` · ~${duration(ms)}`;
  return `${t("Will run")}${long}\n${why}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Time as a person reads it: 40 ms, 1.2 s, 12 s, 3 min 20 s. */
export function duration(ms: number): string {
  if (ms < 100) return `${String(Math.max(1, Math.round(ms)))} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${String(seconds)} s`;
  return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}

/** Memory as a person reads it: 300 kB, 12 MB, 3.1 GB. */
export function memory(bytes: number): string {
  if (bytes < 1e6) return `${String(Math.max(1, Math.round(bytes / 1e3)))} kB`;
  return bytes < 1e9 ? `${String(Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** The estimate on the Run button; empty where nothing was measured or nothing runs. */
export function estimate({ ms, bytes }: Outlook): string {
  const parts = [...(ms > 0 ? [`~${duration(ms)}`] : []), ...(bytes >= 1e6 ? [memory(bytes)] : [])];
  return parts.join(", ");
}
