/** Automatic layout: columns by distance from the sources, rows by where the wires come from. */
import type { Document } from "./document";
import { inOrder } from "./prompt";
import { type Key, keyOf } from "./workflow";

export interface Extent {
  w: number;
  /** Height of the whole box, with its title. */
  h: number;
}

const GAP_X = 60;
const GAP_Y = 48;

/** Where to put every node; `y` is the top of the box. Linear in nodes and wires. */
export function arrange(doc: Document, extent: (key: Key) => Extent): Map<Key, { x: number; y: number }> {
  const columns = columnsOf(doc);
  const placed = new Map<Key, { x: number; y: number }>();
  let x = 0;
  for (const column of columns) {
    const wish = new Map(column.map((key) => [key, wishedY(doc, key, placed, extent)]));
    column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
    let y = 0;
    for (const key of column) {
      placed.set(key, { x, y });
      y += extent(key).h + GAP_Y;
    }
    x += Math.max(...column.map((key) => extent(key).w)) + GAP_X;
  }
  return placed;
}

/** Nodes by the longest way from a source; a source stands right before its first user. */
function columnsOf(doc: Document): Key[][] {
  const depth = new Map<Key, number>();
  const order = inOrder(doc).map((node) => keyOf(node.id));
  for (const key of order) {
    const sources = doc.linksOf(key).filter((link) => link.to === key);
    depth.set(key, Math.max(0, ...sources.map((link) => (depth.get(link.from) ?? -1) + 1)));
  }
  for (const key of [...order].reverse()) {
    const links = doc.linksOf(key);
    if (links.length === 0 || links.some((link) => link.to === key)) continue;
    const users = links.map((link) => depth.get(link.to) ?? 1);
    depth.set(key, Math.max(0, Math.min(...users) - 1));
  }
  const columns: Key[][] = [];
  for (const key of order) (columns[depth.get(key) ?? 0] ??= []).push(key);
  return columns.filter((column) => column.length > 0);
}

function wishedY(
  doc: Document,
  key: Key,
  placed: ReadonlyMap<Key, { x: number; y: number }>,
  extent: (key: Key) => Extent,
): number {
  const sources = doc.linksOf(key).flatMap((link) => (link.to === key ? [link] : []));
  const heights = sources.flatMap((link) => {
    const at = placed.get(link.from);
    return at ? [at.y + (extent(link.from).h * (link.fromSlot + 1)) / 10] : [];
  });
  return heights.length ? heights.reduce((a, b) => a + b, 0) / heights.length : 0;
}
