/** A workflow as the lines of a tree: groups with their nodes, subgraphs with their insides. */
import { definitionPaths, type Document } from "./document";
import { titleOf } from "./prompt";
import type { Specs } from "./schema";
import { groupsOf, keyOf, Mode, modeOf, posOf, type RawGroup, type RawNode } from "./workflow";

export interface Item {
  id: string;
  /** From 1. */
  level: number;
  title: string;
  /** The execution id; null for a group. */
  node: string | null;
  /** Whether its inside is listed; undefined where there is none. */
  open: boolean | undefined;
  off: "bypassed" | "muted" | null;
}

/** The lines that are to be seen when the subgraphs of `open` are unfolded; groups always are. */
export function outlineOf(doc: Document, specs: Specs, open: ReadonlySet<string>): Item[] {
  const known = definitionPaths(doc.file);
  const level = (at: Document, path: string, depth: number): Item[] => {
    const left = new Set([...at.raw.nodes].sort(byPlace));
    const grouped = groupsOf(at.raw).flatMap((group, i): Item[] => {
      const inside = [...left].filter((node) => holds(group, node));
      for (const node of inside) left.delete(node);
      if (inside.length === 0) return [];
      const title = group.title || "Group";
      const head: Item = { id: `${path.replaceAll(":", "-")}g${String(i)}`, level: depth, title, node: null, open: undefined, off: null };
      return [head, ...inside.flatMap((node) => one(at, node, path, depth + 1))];
    });
    return [...grouped, ...[...left].flatMap((node) => one(at, node, path, depth))];
  };
  const one = (at: Document, node: RawNode, path: string, depth: number): Item[] => {
    const execution = path + keyOf(node.id);
    const id = execution.replaceAll(":", "-");
    const inner = known.has(node.type);
    const off = modeOf(node) === Mode.Bypass ? "bypassed" : modeOf(node) === Mode.Mute ? "muted" : null;
    const unfolded = inner && open.has(id);
    const item: Item = { id, level: depth, title: titleOf(node, specs), node: execution, open: inner ? unfolded : undefined, off };
    return [item, ...(unfolded ? level(at.inside(node.type), `${execution}:`, depth + 1) : [])];
  };
  return level(doc.root(), "", 1);
}

/** As one reads: from left to right, and down where they stand in a column. */
function byPlace(a: RawNode, b: RawNode): number {
  const [ax, ay] = posOf(a);
  const [bx, by] = posOf(b);
  return ax - bx || ay - by;
}

function holds(group: RawGroup, node: RawNode): boolean {
  const [x = 0, y = 0, w = 0, h = 0] = group.bounding;
  const [nx, ny] = posOf(node);
  return nx >= x && ny >= y && nx < x + w && ny < y + h;
}
