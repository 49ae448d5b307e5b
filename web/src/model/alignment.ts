/** Lining up boxes: pure geometry over rectangles by key. */
import type { Key } from "./workflow";

export interface Box {
  key: Key;
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Edge = "left" | "right" | "top" | "bottom" | "column" | "row";

/** Where boxes go to share an edge or a middle line. */
export function align(boxes: readonly Box[], edge: Edge): Map<Key, { x: number; y: number }> {
  const left = Math.min(...boxes.map((b) => b.x));
  const right = Math.max(...boxes.map((b) => b.x + b.w));
  const top = Math.min(...boxes.map((b) => b.y));
  const bottom = Math.max(...boxes.map((b) => b.y + b.h));
  const to: Record<Edge, (b: Box) => { x: number; y: number }> = {
    left: (b) => ({ x: left, y: b.y }),
    right: (b) => ({ x: right - b.w, y: b.y }),
    top: (b) => ({ x: b.x, y: top }),
    bottom: (b) => ({ x: b.x, y: bottom - b.h }),
    column: (b) => ({ x: (left + right - b.w) / 2, y: b.y }),
    row: (b) => ({ x: b.x, y: (top + bottom - b.h) / 2 }),
  };
  return new Map(boxes.map((box) => [box.key, to[edge](box)]));
}

/** Where boxes go so that the gaps between them are equal; the outer two stay. */
export function distribute(boxes: readonly Box[], along: "x" | "y"): Map<Key, { x: number; y: number }> {
  const size = along === "x" ? "w" : "h";
  const sorted = [...boxes].sort((a, b) => a[along] - b[along]);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last || sorted.length < 3) return new Map();
  const filled = sorted.reduce((sum, box) => sum + box[size], 0);
  const gap = (last[along] + last[size] - first[along] - filled) / (sorted.length - 1);
  let at = first[along];
  return new Map(sorted.map((box) => {
    const place = { x: box.x, y: box.y, [along]: at };
    at += box[size] + gap;
    return [box.key, place];
  }));
}
