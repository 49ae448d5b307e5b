/**
 * Wires: a cubic from socket to socket, never a loop through the nodes.
 *
 * Near the camera each wire has an outline in the canvas colour, so that crossings read, and long
 * ones fade in the middle; far away all wires of a colour are one path.
 */
import { type Camera, overlaps, type Rect, type Vec } from "./camera";
import { type Scene, socketAt, type Wire } from "./scene";
import { type Theme, typeColor } from "./theme";

const WIDTH = 2.25;
const MIN_PX = 1.25;
const FADE_FROM = 700;

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

export const wireCurve = (wire: Wire): Curve =>
  curve(socketAt(wire.from, wire.a), socketAt(wire.to, wire.b));

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

const strokeWidth = (camera: Camera): number => Math.max(WIDTH, MIN_PX / camera.scale);

/** Draw all visible wires; the hovered one (or the hovered node's) bright, the others dim. */
export function drawWires(ctx: CanvasRenderingContext2D, scene: Scene, camera: Camera): void {
  const view = camera.view;
  const shown = scene
    .wires()
    .map((wire) => ({ wire, path: wireCurve(wire) }))
    .filter(({ path }) => overlaps(grown(boundsOf(path)), view));
  ctx.lineCap = "round";
  if (camera.scale < 0.35) {
    drawBatched(ctx, scene, camera, shown);
    return;
  }
  for (const { wire, path } of shown) {
    const lit = scene.hoverWire === null || isLit(scene, wire);
    ctx.globalAlpha = lit ? 1 : 0.4;
    strokeWire(ctx, scene.theme, camera, path, wireColor(scene, wire));
  }
  ctx.globalAlpha = 1;
}

interface Shown {
  wire: Wire;
  path: Curve;
}

const grown = (r: Rect): Rect => ({ x: r.x - 8, y: r.y - 8, w: r.w + 16, h: r.h + 16 });
const isLit = (scene: Scene, wire: Wire): boolean => String(wire.link.id) === scene.hoverWire;

const wireColor = (scene: Scene, wire: Wire): string =>
  typeColor(scene.theme, wire.a.socket.type === "*" ? wire.link.type : wire.a.socket.type);

function drawBatched(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  camera: Camera,
  shown: readonly Shown[],
): void {
  const byColor = new Map<string, Path2D>();
  for (const { wire, path } of shown) {
    const color = wireColor(scene, wire);
    let batch = byColor.get(color);
    if (!batch) byColor.set(color, (batch = new Path2D()));
    // Where a node is a few pixels, the bend of a wire is not seen, only paid for.
    if (camera.scale < 0.15) {
      batch.moveTo(path.a.x, path.a.y);
      batch.lineTo(path.b.x, path.b.y);
    } else trace(batch, path);
  }
  ctx.lineWidth = strokeWidth(camera);
  ctx.globalAlpha = 0.8;
  for (const [color, batch] of byColor) {
    ctx.strokeStyle = color;
    ctx.stroke(batch);
  }
  ctx.globalAlpha = 1;
}

/** One wire with its outline; also used for the wire that is being dragged. */
export function strokeWire(
  ctx: CanvasRenderingContext2D,
  theme: Theme,
  camera: Camera,
  path: Curve,
  color: string,
): void {
  const width = strokeWidth(camera);
  ctx.beginPath();
  trace(ctx, path);
  ctx.lineWidth = width + 2 / camera.scale;
  ctx.strokeStyle = theme.canvas;
  ctx.stroke();
  ctx.lineWidth = width;
  const length = Math.hypot(path.b.x - path.a.x, path.b.y - path.a.y);
  ctx.strokeStyle = length > FADE_FROM ? faded(ctx, path, color) : color;
  ctx.stroke();
}

function faded(ctx: CanvasRenderingContext2D, path: Curve, color: string): CanvasGradient {
  const gradient = ctx.createLinearGradient(path.a.x, path.a.y, path.b.x, path.b.y);
  const reach = 240 / Math.hypot(path.b.x - path.a.x, path.b.y - path.a.y);
  const dim = color.replace(")", " / 0.35)");
  gradient.addColorStop(0, color);
  gradient.addColorStop(Math.min(0.45, reach), dim);
  gradient.addColorStop(Math.max(0.55, 1 - reach), dim);
  gradient.addColorStop(1, color);
  return gradient;
}
