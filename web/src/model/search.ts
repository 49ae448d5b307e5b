/** Fuzzy search over node types: letters in order, with better marks for words and beginnings. */
import type { NodeSpec } from "./schema";
import { isBorder } from "./subgraphspec";
import { compatible } from "./types";
import type { Json } from "./json";

/** How well `query` matches `text`; 0 for not at all, higher is better. */
export function score(query: string, text: string): number {
  const q = query.toLowerCase();
  const t = text.toLowerCase();
  if (q === "") return 1;
  if (t === q) return 1000;
  if (t.startsWith(q)) return 500 - t.length;
  const at = t.indexOf(q);
  if (at >= 0 && wordStart(text, at)) return 400 - at - t.length / 10;
  if (isInitials(q, text)) return 300 - t.length / 10;
  return at >= 0 ? 250 - at - t.length / 10 : scattered(q, text);
}

const wordStart = (text: string, at: number): boolean =>
  at === 0 || /[\s_\-(/.]/.test(text[at - 1] ?? "") || /[a-z][A-Z]/.test(text.slice(at - 1, at + 1));

/** True if every letter starts a word: "li" for Load Image. */
function isInitials(q: string, text: string): boolean {
  let at = -1;
  return [...q].every((c) => (at = startOf(c, text, at + 1)) >= 0);
}

/** Letters in order but apart; every letter that starts a word counts much more. */
function scattered(q: string, text: string): number {
  const t = text.toLowerCase();
  let total = 0;
  let at = -1;
  for (const c of q) {
    if (c === " ") continue;
    const next = startOf(c, text, at + 1);
    at = next >= 0 ? next : t.indexOf(c, at + 1);
    if (at < 0) return 0;
    total += next >= 0 ? 12 : 2;
  }
  return total - t.length / 20 > 0 ? total - t.length / 20 : 0.1;
}

function startOf(c: string, text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i]?.toLowerCase() === c && wordStart(text, i)) return i;
  }
  return -1;
}

/** Only nodes that a dragged wire could end in. */
export interface SocketFilter {
  /** Which side the wire still needs. */
  side: "input" | "output";
  type: Json;
}

export const fitsFilter = (spec: NodeSpec, filter: SocketFilter): boolean =>
  filter.side === "input"
    ? spec.inputs.some((i) => (i.widget === null || i.type === filter.type) && compatible(filter.type, i.type))
    : spec.outputs.some((o) => compatible(o.type, filter.type));

/** The best matches first; `limit` of them. */
export function searchNodes(
  specs: Iterable<NodeSpec>,
  query: string,
  filter: SocketFilter | null,
  limit = 60,
): NodeSpec[] {
  const ranked: [number, NodeSpec][] = [];
  for (const spec of specs) {
    if (isBorder(spec.type) || (filter && !fitsFilter(spec, filter))) continue;
    const names = [spec.title, spec.type, ...spec.aliases];
    const best = Math.max(...names.map((name) => score(query.trim(), name)), score(query.trim(), spec.category) / 4);
    if (best > 0) ranked.push([best - (spec.deprecated ? 100 : 0) - (spec.virtual ? 1 : 0), spec]);
  }
  ranked.sort((a, b) => b[0] - a[0] || a[1].title.localeCompare(b[1].title));
  // Letters scattered over a name are a guess, worth showing only when nothing matches well.
  const least = (ranked[0]?.[0] ?? 0) * 0.15;
  return ranked.filter(([mark]) => mark >= least).slice(0, limit).map(([, spec]) => spec);
}
