/** The geometry of wires: cubics from point to point, never a loop through the nodes. */
import type { Rect, Vec } from "./camera";

export type LinkStyle = "spline" | "linear" | "straight";

export interface Curve {
  a: Vec;
  c: Vec;
  d: Vec;
  b: Vec;
}

/** The curve from an output at `a` to an input at `b`. */
export function curve(a: Vec, b: Vec): Curve {
  const dx = b.x - a.x;
  const handle = Math.min(180, Math.max(28, Math.abs(dx) * 0.45));
  // Going backwards, slack up or down makes a rounded S around the nodes.
  const back = dx < 0 ? Math.min(120, -dx * 0.35) : 0;
  const dy = b.y - a.y;
  const slack = back * (Math.abs(dy) < 40 ? 1 : 0.4) * (dy < 0 ? -1 : 1);
  return {
    a,
    c: { x: a.x + handle, y: a.y + slack },
    d: { x: b.x - handle, y: b.y - (Math.abs(dy) < 40 ? -slack : slack) },
    b,
  };
}

export function boundsOf({ a, c, d, b }: Curve): Rect {
  const x = Math.min(a.x, b.x, c.x, d.x);
  const y = Math.min(a.y, b.y, c.y, d.y);
  return { x, y, w: Math.max(a.x, b.x, c.x, d.x) - x, h: Math.max(a.y, b.y, c.y, d.y) - y };
}

/** The point of a curve at `t` in [0, 1]. */
export function pointAt({ a, c, d, b }: Curve, t: number): Vec {
  const u = 1 - t;
  const mix = (p: number, q: number, r: number, s: number): number =>
    u * u * u * p + 3 * u * u * t * q + 3 * u * t * t * r + t * t * t * s;
  return { x: mix(a.x, c.x, d.x, b.x), y: mix(a.y, c.y, d.y, b.y) };
}

/** Distance from a point to a curve, by 24 chords. */
export function distance(path: Curve, p: Vec): number {
  let best = Infinity;
  let from = path.a;
  for (let i = 1; i <= 24; i++) {
    const to = pointAt(path, i / 24);
    best = Math.min(best, toChord(from, to, p));
    from = to;
  }
  return best;
}

function toChord(a: Vec, b: Vec, p: Vec): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const t = Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

export function trace(path: CanvasPath, { a, c, d, b }: Curve): void {
  path.moveTo(a.x, a.y);
  path.bezierCurveTo(c.x, c.y, d.x, d.y, b.x, b.y);
}

const line = (a: Vec, b: Vec): Curve => ({ a, c: a, d: b, b });

/** The curves through a row of points: a wire with the reroutes it passes. */
export function curvesThrough(points: readonly Vec[], style: LinkStyle): Curve[] {
  return points.slice(1).flatMap((b, i) => {
    const a = points[i] ?? b;
    if (style === "spline") return [curve(a, b)];
    return style === "linear" ? [line(a, b)] : corners(a, b);
  });
}

const STUB = 20;

/** Right angles, with a short straight piece at both sockets. */
function corners(a: Vec, b: Vec): Curve[] {
  const middle = (a.x + b.x) / 2;
  const row = b.x - a.x >= 2 * STUB
    ? [a, { x: middle, y: a.y }, { x: middle, y: b.y }, b]
    : [a, { x: a.x + STUB, y: a.y }, { x: a.x + STUB, y: (a.y + b.y) / 2 }, { x: b.x - STUB, y: (a.y + b.y) / 2 }, { x: b.x - STUB, y: b.y }, b];
  return row.slice(1).map((p, i) => line(row[i] ?? p, p));
}

/** What a row of curves covers, with room for their width. */
export function grown(curves: readonly Curve[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { a, b, c, d } of curves) {
    left = Math.min(left, a.x, b.x, c.x, d.x);
    top = Math.min(top, a.y, b.y, c.y, d.y);
    right = Math.max(right, a.x, b.x, c.x, d.x);
    bottom = Math.max(bottom, a.y, b.y, c.y, d.y);
  }
  return { x: left - 8, y: top - 8, w: right - left + 16, h: bottom - top + 16 };
}
