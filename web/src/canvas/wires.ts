/**
 * Drawing wires.
 *
 * Near the camera each wire has an outline in the canvas colour, so that crossings read, and long
 * ones fade in the middle; far away all wires of a colour are one path.
 */
import { type Camera, overlaps, type Vec } from "./camera";
import { type Curve, pointAt, trace } from "./curves";
import { type Scene, type Wire } from "./scene";
import { fit, FONT, measure } from "./text";
import { type Theme, typeColor } from "./theme";

const WIDTH = 2.25;
const MIN_PX = 1.25;
const FADE_FROM = 700;
const STUB = 14;
const LABEL_MAX = 160;

const strokeWidth = (camera: Camera): number => Math.max(WIDTH, MIN_PX / camera.scale);

/** Draw all visible wires; the hovered one (or the hovered node's) bright, the others dim. */
export function drawWires(ctx: CanvasRenderingContext2D, scene: Scene, camera: Camera): void {
  const view = camera.view;
  const shown = scene.wires().filter((wire) => overlaps(wire.bounds, view));
  ctx.lineCap = "round";
  if (camera.scale < 0.35) {
    drawBatched(ctx, scene, camera, shown);
    return;
  }
  for (const wire of shown) {
    ctx.globalAlpha = scene.hoverWire === null || wire.key === scene.hoverWire ? 1 : 0.4;
    if (wire.hidden && wire.key !== scene.hoverWire) drawStubs(ctx, scene, wire);
    else for (const path of wire.curves) strokeWire(ctx, scene.theme, camera, path, wireColor(scene, wire));
    if (scene.linkMark !== "none" && !wire.hidden && !wire.label) drawMark(ctx, scene, wire);
  }
  drawLoose(ctx, scene);
  drawReroutes(ctx, scene, camera, shown);
  for (const wire of shown) if (wire.label && !wire.hidden) drawLabel(ctx, scene, wire);
  ctx.globalAlpha = 1;
}

const wireColor = (scene: Scene, wire: Wire): string =>
  typeColor(scene.theme, wire.a.socket.type === "*" ? wire.link.type : wire.a.socket.type);

/** Wires of which one end is nowhere: dashed, with a ring at the loose end. */
function drawLoose(ctx: CanvasRenderingContext2D, scene: Scene): void {
  for (const { curves, type } of scene.looseCurves()) {
    ctx.beginPath();
    for (const path of curves) trace(ctx, path);
    ctx.lineWidth = WIDTH;
    ctx.setLineDash([7, 5]);
    ctx.strokeStyle = typeColor(scene.theme, type);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  for (const { x, y, links } of scene.rerouteList()) {
    if (links.length > 0) continue;
    ctx.beginPath();
    ctx.arc(x, y, 6, 0, 7);
    ctx.lineWidth = 2;
    ctx.fillStyle = scene.theme.canvas;
    ctx.fill();
    ctx.strokeStyle = scene.theme.text3;
    ctx.stroke();
  }
}

/** A dot or an arrow in the middle of a wire, in its colour. */
function drawMark(ctx: CanvasRenderingContext2D, scene: Scene, wire: Wire): void {
  const path = wire.curves[Math.floor((wire.curves.length - 1) / 2)];
  if (!path) return;
  const { x, y } = pointAt(path, 0.5);
  const ahead = pointAt(path, 0.52);
  ctx.beginPath();
  if (scene.linkMark === "dot") ctx.arc(x, y, 4.5, 0, 7);
  else {
    const angle = Math.atan2(ahead.y - y, ahead.x - x);
    const corner = (turn: number, r: number): [number, number] => [x + r * Math.cos(angle + turn), y + r * Math.sin(angle + turn)];
    ctx.moveTo(...corner(0, 7));
    ctx.lineTo(...corner(2.4, 7));
    ctx.lineTo(...corner(-2.4, 7));
  }
  ctx.fillStyle = wireColor(scene, wire);
  ctx.fill();
}

/** A hidden wire: short ends at both sockets that say what it carries. */
function drawStubs(ctx: CanvasRenderingContext2D, scene: Scene, wire: Wire): void {
  const [first, last] = [wire.curves[0], wire.curves.at(-1)];
  if (!first || !last) return;
  ctx.strokeStyle = ctx.fillStyle = wireColor(scene, wire);
  ctx.lineWidth = WIDTH;
  ctx.font = FONT.small;
  ctx.textBaseline = "middle";
  const sign = (wire.label || String(wire.link.type as string)).slice(0, wire.label ? 12 : 1);
  const stub = ({ x, y }: Vec, way: 1 | -1): void => {
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + way * STUB, y);
    ctx.stroke();
    ctx.textAlign = way > 0 ? "left" : "right";
    ctx.fillText(sign, x + way * (STUB + 4), y);
  };
  stub(first.a, 1);
  stub(last.b, -1);
}

/** The points that wires pass; each once, however many wires share it. */
function drawReroutes(ctx: CanvasRenderingContext2D, scene: Scene, camera: Camera, shown: readonly Wire[]): void {
  const seen = new Set<string>();
  ctx.globalAlpha = 1;
  for (const wire of shown) {
    for (const { id, x, y } of wire.hidden ? [] : wire.via) {
      if (seen.has(String(id))) continue;
      seen.add(String(id));
      ctx.beginPath();
      ctx.arc(x, y, 6, 0, 7);
      ctx.fillStyle = wireColor(scene, wire);
      ctx.fill();
      ctx.lineWidth = Math.max(2, 1 / camera.scale);
      ctx.strokeStyle = scene.theme.canvas;
      ctx.stroke();
    }
  }
}

function drawLabel(ctx: CanvasRenderingContext2D, scene: Scene, wire: Wire): void {
  const path = wire.curves[Math.floor((wire.curves.length - 1) / 2)];
  if (!path) return;
  const { x, y } = pointAt(path, 0.5);
  const text = fit(FONT.label, wire.label, LABEL_MAX);
  const w = measure(FONT.label, text) + 14;
  ctx.beginPath();
  ctx.roundRect(x - w / 2, y - 10, w, 20, 10);
  ctx.fillStyle = scene.theme.node;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = wireColor(scene, wire);
  ctx.stroke();
  ctx.fillStyle = scene.theme.text2;
  ctx.font = FONT.label;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + 0.5);
}

function drawBatched(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  camera: Camera,
  shown: readonly Wire[],
): void {
  const byColor = new Map<string, Path2D>();
  for (const wire of shown) {
    if (wire.hidden) continue;
    const color = wireColor(scene, wire);
    let batch = byColor.get(color);
    if (!batch) byColor.set(color, (batch = new Path2D()));
    for (const path of wire.curves) {
      // Where a node is a few pixels, the bend of a wire is not seen, only paid for.
      if (camera.scale < 0.15) {
        batch.moveTo(path.a.x, path.a.y);
        batch.lineTo(path.b.x, path.b.y);
      } else trace(batch, path);
    }
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
