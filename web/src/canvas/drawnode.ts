/** One node on the world layer, with as much detail as its size on screen carries. */
import { t } from "../i18n";
import type { Prospect } from "../model/outlook";
import { Mode, modeOf } from "../model/workflow";
import type { Camera } from "./camera";
import { BADGE, drawHeat, drawHeatNumber, drawProspectBadge, drawProspectRail, heatColor, prospectShown, shareOf, warmth } from "./forecast";
import { HEADER, type NodeBox, PAD, RADIUS, RAIL, type SocketBox, type WidgetBox } from "./layout";
import { drawPager, drawSaid, drawSheet, drawVersus } from "./results";
import type { Mark, Scene } from "./scene";
import { halfDisc, hatch, roundBox, socketShape } from "./shapes";
import { fit, FONT, measure } from "./text";
import { type Theme, typeColor } from "./theme";

/** Draws one widget row; given by the floor above, which knows the kinds. */
export interface WidgetPainter {
  draw(env: Env, box: NodeBox, row: WidgetBox): void;
}

/** What every drawing function needs. */
export interface Env {
  ctx: CanvasRenderingContext2D;
  scene: Scene;
  theme: Theme;
  camera: Camera;
  painter: WidgetPainter;
  lod: Lod;
  /** The hottest value of the level while heat is shown. */
  hottest?: number;
}

/** Detail by scale: everything, no values, title only, flat block. */
export type Lod = "full" | "labels" | "title" | "block";

export function lodOf(scale: number): Lod {
  if (scale >= 0.6) return "full";
  if (scale >= 0.35) return "labels";
  return scale >= 0.15 ? "title" : "block";
}

/** The type that gives a node its hue: what it makes, or else what it takes. */
export function familyOf(box: NodeBox): string {
  const output = box.spec?.outputs[0]?.type ?? box.node.outputs?.[0]?.type;
  const input = box.spec?.inputs.find((i) => i.widget === null)?.type;
  return String((output ?? input ?? "*") as string);
}

export function drawNode(env: Env, box: NodeBox): void {
  const { ctx } = env;
  const mode = modeOf(box.node);
  ctx.save();
  ctx.translate(box.x, box.y);
  if (mode === Mode.Mute || mode === Mode.Bypass) {
    // Quiet, but never see-through: wires behind it would read as its own.
    roundBox(ctx, 0, 0, box.w, box.h, box.collapsed ? HEADER / 2 : RADIUS);
    ctx.fillStyle = env.theme.canvas;
    ctx.fill();
    ctx.globalAlpha = mode === Mode.Mute ? 0.4 : 0.62;
  }
  drawFull(env, box, mode);
  if (env.lod === "full" && !box.collapsed) env.scene.plugged.drawNode(env, box);
  ctx.restore();
}

function drawFull(env: Env, box: NodeBox, mode: number): void {
  const { ctx } = env;
  const mark = env.scene.mark(box.key);
  const prospect = mode === Mode.Bypass ? null : prospectShown(env.scene.forecast, env.scene.path + box.key, mark);
  ctx.save();
  roundBox(ctx, 0, 0, box.w, box.h, box.collapsed ? HEADER / 2 : RADIUS);
  ctx.fillStyle = bodyColor(env, box);
  ctx.fill();
  // A round clip is the dearest part of a node, and most have nothing that it would cut.
  const cut = box.preview !== null || mode === Mode.Bypass || prospect !== null || railColor(env.theme, mark, mode) !== null;
  if (cut) ctx.clip();
  drawHeader(env, box);
  const heat = warmth(env, box);
  if (heat !== null) drawHeat(env, box, heat);
  if (!box.collapsed) drawPreview(env, box);
  if (env.lod === "full" && !box.collapsed) env.scene.plugged.everywhere?.under(env, box);
  if (mode === Mode.Bypass) {
    ctx.strokeStyle = env.theme.bypass;
    ctx.lineWidth = 1;
    hatch(ctx, 0, 0, box.w, box.h);
  }
  if (!prospect || !drawProspectRail(env, box, prospect)) drawRail(env, box, prospect ? keptMark(mark, prospect) : mark, mode);
  ctx.restore();
  drawTitle(env, box, mark, prospect);
  if (env.lod !== "title" && !box.collapsed) drawContent(env, box);
  drawBorder(env, box, mark);
  if (heat !== null) drawHeatNumber(env, box, heat);
  if (env.lod === "title") return;
  const wrong = new Set(mark.errors.map((error) => error.input));
  for (const socket of box.sockets) {
    drawSocket(env, socket);
    if (wrong.has(socket.socket.name) && !isWidgetRow(box, socket)) drawFault(env, socket);
  }
}

/** A result that is kept without a run of this page has the rail of the cache. */
const keptMark = (mark: Mark, { fate }: Prospect): Mark =>
  fate === "cached" && mark.state === "idle" ? { ...mark, state: "cached" } : mark;

/** A ring around the socket that an error is about. */
function drawFault({ ctx, theme }: Env, { x, y }: SocketBox): void {
  ctx.beginPath();
  ctx.arc(x, y, 9, 0, 7);
  ctx.lineWidth = 2;
  ctx.strokeStyle = theme.error;
  ctx.stroke();
}

function bodyColor({ theme, scene }: Env, box: NodeBox): string {
  const own = box.node["bgcolor"];
  const known = box.spec ?? scene.specs.size === 0;
  if (typeof own === "string" && theme.name === "dark") return own;
  return known ? theme.node : theme.field;
}

function drawHeader({ ctx, theme }: Env, box: NodeBox): void {
  const own = box.node["color"];
  ctx.fillStyle = typeof own === "string" ? own : typeColor(theme, familyOf(box), 0.09);
  if (typeof own === "string" && theme.name === "light") ctx.globalAlpha *= 0.35;
  roundBox(ctx, 0, 0, box.w, HEADER, box.collapsed ? HEADER / 2 : [RADIUS, RADIUS, 0, 0]);
  ctx.fill();
  if (typeof own === "string" && theme.name === "light") ctx.globalAlpha /= 0.35;
  if (box.collapsed) return;
  ctx.fillStyle = theme.border;
  ctx.fillRect(0, HEADER - 1, box.w, 1);
}

function drawTitle(env: Env, box: NodeBox, mark: Mark, prospect: Prospect | null): void {
  const { ctx, theme, camera } = env;
  // At this size the picture says more than a title over it.
  if (env.lod === "title" && box.preview && !box.collapsed) return;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = theme.text;
  // Far away the title keeps 11 screen pixels, and is cut to what then fits.
  const grow = env.lod === "title" ? Math.max(1, 11 / (13 * camera.scale)) : 1;
  const room = (box.w - PAD - 8 - (mark.errors.length > 0 || prospect ? BADGE : 0)) / grow;
  ctx.save();
  ctx.translate(PAD, box.collapsed ? HEADER / 2 : env.lod === "title" ? Math.min(box.h / 2, 20 * grow) : HEADER / 2);
  ctx.scale(grow, grow);
  ctx.font = FONT.title;
  ctx.fillText(fit(FONT.title, box.title, room), 0, 0.5);
  ctx.restore();
  if (env.lod === "full" && mark.errors.length > 0) drawErrorBadge(env, box, mark.errors.length);
  else if (prospect && env.lod !== "title") drawProspectBadge(env, box, prospect);
}

function drawErrorBadge({ ctx, theme }: Env, box: NodeBox, count: number): void {
  const x = box.w - 20;
  ctx.fillStyle = theme.error;
  ctx.beginPath();
  ctx.arc(x, HEADER / 2, 8, 0, 7);
  ctx.fill();
  ctx.fillStyle = theme.canvas;
  ctx.textAlign = "center";
  ctx.font = FONT.small;
  ctx.fillText(count > 1 ? String(count) : "!", x, HEADER / 2 + 0.5);
}

function drawContent(env: Env, box: NodeBox): void {
  for (const socket of box.sockets) {
    if (!isWidgetRow(box, socket)) drawSocketLabel(env, box, socket);
  }
  for (const row of box.widgets) env.painter.draw(env, box, row);
  if (box.said) drawSaid(env, box, box.said);
  if (box.preview && env.lod === "full") drawPager(env, box);
  if (!box.spec && env.scene.specs.size > 0) drawUnknown(env, box);
  if (box.spec?.isOutput && !box.preview && !box.said && !box.player && env.lod === "full") drawPromise(env, box);
}

/** An output node with room says what the room is for. */
function drawPromise(env: Env, box: NodeBox): void {
  const top = Math.max(HEADER, ...box.widgets.map(({ rect }) => rect.y + rect.h));
  if (box.h - top > 96) drawNotice(env, t("The result appears here"), box.w / 2, (top + box.h) / 2);
}

const isWidgetRow = (box: NodeBox, socket: SocketBox): boolean =>
  box.widgets.some((row) => row.socket === socket);

function drawSocketLabel({ ctx, theme }: Env, box: NodeBox, { socket, side, x, y }: SocketBox): void {
  ctx.font = FONT.label;
  ctx.fillStyle = theme.text2;
  ctx.textBaseline = "middle";
  ctx.textAlign = side === "input" ? "left" : "right";
  const label = fit(FONT.label, socket.label, box.w / 2 - 8);
  ctx.fillText(label, side === "input" ? x + PAD : x - PAD, y + 0.5);
}

/** A type this server does not have: say so; the data stays as it is. */
function drawUnknown({ ctx, theme }: Env, box: NodeBox): void {
  const y = Math.max(...box.sockets.map((s) => s.y + 18), HEADER + 18);
  const lines = [t("Unknown node type"), t("Its data is kept when you save.")];
  ctx.textAlign = "left";
  ctx.font = FONT.label;
  lines.forEach((line, i) => {
    ctx.fillStyle = i === 0 ? theme.stale : theme.text3;
    if (y + i * 16 < box.h - 4) ctx.fillText(fit(FONT.label, line, box.w - 2 * PAD), PAD, y + i * 16);
  });
}

function drawSocket({ ctx, theme, camera }: Env, box: SocketBox): void {
  const { socket } = box;
  const color = typeColor(theme, socket.type);
  if (socket.widget !== null && box.side === "input" && socket.link === null) {
    ctx.fillStyle = theme.border;
    halfDisc(ctx, box.x + RAIL, box.y, 3.5);
    ctx.fill();
    return;
  }
  const style = socketShape(ctx, box, 5);
  ctx.fillStyle = style === "fill" ? color : theme.node;
  ctx.fill();
  ctx.lineWidth = style === "fill" ? Math.max(1, 1 / camera.scale) : 2;
  ctx.strokeStyle = style === "fill" ? theme.canvas : color;
  ctx.stroke();
}

function drawPreview(env: Env, box: NodeBox): void {
  if (!box.preview) return;
  const { x, y, w, h } = box.preview;
  env.ctx.fillStyle = env.theme.canvas;
  env.ctx.fillRect(x, y, w, h);
  const pictures = env.scene.pictures(box);
  const { versus } = env.scene.mark(box.key);
  if (versus && pictures.length === 2) drawVersus(env, box, pictures, box.preview);
  else if (pictures.length > 0) drawSheet(env.ctx, pictures, box.preview);
  else if (env.lod === "full") drawNotice(env, t("Loading picture"), x + w / 2, y + h / 2);
}

function drawNotice({ ctx, theme }: Env, text: string, x: number, y: number): void {
  ctx.font = FONT.label;
  ctx.fillStyle = theme.text3;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y);
}

/** The status rail: three units at the left edge. */
function drawRail({ ctx, theme }: Env, box: NodeBox, mark: Mark, mode: number): void {
  const color = railColor(theme, mark, mode);
  if (!color) return;
  ctx.fillStyle = color;
  ctx.fillRect(0, 0, RAIL, box.h);
}

export function railColor(theme: Theme, mark: Mark, mode: number): string | null {
  if (mode === Mode.Bypass) return theme.bypass;
  if (mark.errors.length > 0 || mark.state === "error") return theme.error;
  if (mark.state === "idle" || mark.state === "pending") return null;
  return theme[mark.state];
}

function drawBorder({ ctx, theme, scene, camera }: Env, box: NodeBox, mark: Mark): void {
  const selected = scene.selection.has(box.key);
  const px = 1 / camera.scale;
  const radius = box.collapsed ? HEADER / 2 : RADIUS;
  ctx.lineWidth = theme.name === "contrast" ? 2 * px : px;
  ctx.strokeStyle = mark.errors.length > 0 ? theme.error : theme.border;
  if (!box.spec && scene.specs.size > 0) ctx.setLineDash([4, 3]);
  roundBox(ctx, 0, 0, box.w, box.h, radius);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!selected) return;
  // The ring stands one unit off, so that it never hides the border's own meaning.
  const off = 1 + px;
  ctx.lineWidth = Math.max(1.5, 2 * px);
  ctx.strokeStyle = theme.accent;
  roundBox(ctx, -off, -off, box.w + 2 * off, box.h + 2 * off, radius + off);
  ctx.stroke();
}

/**
 * Farther than titles carry: blocks in their families' tints, or the pictures themselves.
 *
 * All blocks of a colour are one path, which keeps thousands of them cheap.
 */
export function drawBlocks(env: Env, boxes: readonly NodeBox[]): void {
  const { ctx, theme, scene } = env;
  const bodies = new Path2D();
  const tints = new Map<string, Path2D>();
  for (const box of boxes) {
    bodies.rect(box.x, box.y, box.w, box.h);
    const state = railColor(theme, scene.mark(box.key), modeOf(box.node));
    const heat = warmth(env, box);
    const warm = heat === null ? null : heatColor(theme, shareOf(heat, env.hottest ?? 0));
    const tint = warm ?? state ?? typeColor(theme, familyOf(box), 0.35);
    let path = tints.get(tint);
    if (!path) tints.set(tint, (path = new Path2D()));
    path.rect(box.x, box.y, box.w, box.h);
  }
  ctx.fillStyle = theme.node;
  ctx.fill(bodies);
  for (const [tint, path] of tints) {
    ctx.fillStyle = tint;
    ctx.fill(path);
  }
  for (const box of boxes) {
    const pictures = box.preview ? scene.pictures(box) : [];
    if (pictures.length > 0) drawSheet(ctx, pictures, box);
  }
  outlineSelected(env, boxes);
}

function outlineSelected({ ctx, theme, scene, camera }: Env, boxes: readonly NodeBox[]): void {
  ctx.strokeStyle = theme.accent;
  ctx.lineWidth = 2 / camera.scale;
  for (const box of boxes) {
    if (scene.selection.has(box.key)) ctx.strokeRect(box.x, box.y, box.w, box.h);
  }
}

/** Progress on the overlay: the header's bottom line fills, with the count at its right. */
export function drawProgress(env: Env, box: NodeBox): void {
  const { ctx, theme, scene } = env;
  const mark = scene.mark(box.key);
  const { progress } = mark;
  if (mark.state !== "running") return;
  ctx.fillStyle = theme.running;
  const done = progress && progress.max > 0 ? progress.value / progress.max : 0;
  ctx.fillRect(box.x + RAIL, box.y + HEADER - 2, (box.w - RAIL) * Math.min(1, done), 2);
  if (!progress || progress.max <= 1 || env.lod !== "full" || box.collapsed) return;
  const text = `${String(progress.value)} / ${String(progress.max)}`;
  const w = measure(FONT.small, text) + 12;
  ctx.fillStyle = theme.field;
  roundBox(ctx, box.x + box.w - w - 6, box.y + 5, w, 17, 4);
  ctx.fill();
  ctx.fillStyle = theme.running;
  ctx.font = FONT.small;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, box.x + box.w - 6 - w / 2, box.y + 14);
}

/** A live preview on the overlay, where the world layer has made room for it. */
export function drawLive(env: Env, box: NodeBox): void {
  const { live, state } = env.scene.mark(box.key);
  if (!live || !box.preview || state !== "running") return;
  const { ctx } = env;
  const { x, y, w, h } = box.preview;
  ctx.save();
  roundBox(ctx, box.x + x, box.y + y, w, h, [0, 0, RADIUS, RADIUS]);
  ctx.clip();
  ctx.fillStyle = env.theme.canvas;
  ctx.fillRect(box.x + x, box.y + y, w, h);
  drawSheet(ctx, [live], { x: box.x + x, y: box.y + y, w, h });
  ctx.fillStyle = env.theme.running;
  ctx.fillRect(box.x, box.y + y, RAIL, h);
  ctx.restore();
}
