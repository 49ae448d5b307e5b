/**
 * Another version of the workflow, drawn over this one.
 *
 * Nodes that differ have an outline and a word above them; what only the other version has stands
 * there as a dashed ghost with its wires. Words say the same as colours.
 */
import { t } from "../i18n";
import type { Key } from "../model/workflow";
import { overlaps, type Rect, type Vec } from "./camera";
import { curve, trace } from "./curves";
import type { Env } from "./drawnode";
import { HEADER, type NodeBox, RADIUS } from "./layout";
import { roundBox } from "./shapes";
import { fit, FONT, measure } from "./text";
import type { Theme } from "./theme";

export type Differs = "here" | "there" | "changed" | "looks";

/** A node that only the other version has. */
export interface Ghost extends Rect {
  key: Key;
  title: string;
}

/** A wire that only one version has; inputs are named, outputs counted. */
export interface Strand {
  from: Key;
  slot: number;
  to: Key;
  input: string;
  kind: "here" | "there";
}

/** What to draw on one level. */
export interface Comparison {
  nodes: ReadonlyMap<Key, Differs>;
  ghosts: readonly Ghost[];
  strands: readonly Strand[];
  /** What widgets have there, by node and by place or name of the value. */
  values: ReadonlyMap<Key, ReadonlyMap<string | number, string>>;
}

const GAP = 5;
const VALUE_MAX = 220;

export function drawComparison(env: Env, { nodes, ghosts, strands, values }: Comparison): void {
  const { ctx, scene, camera } = env;
  const { view } = camera;
  ctx.save();
  for (const ghost of ghosts) if (overlaps(ghost, view)) drawGhost(env, ghost);
  const places = new Map(ghosts.map((ghost) => [ghost.key, ghost]));
  for (const strand of strands) drawStrand(env, strand, places);
  for (const box of scene.visible(view)) {
    const kind = nodes.get(box.key);
    if (kind) drawOutline(env, box, kind);
    const other = values.get(box.key);
    if (other && env.lod === "full" && !box.collapsed) drawValues(env, box, other);
  }
  ctx.restore();
}

export function colorOf(theme: Theme, kind: Differs): string {
  if (kind === "there") return theme.done;
  if (kind === "here") return theme.error;
  return kind === "changed" ? theme.stale : theme.text3;
}

export function wordOf(kind: Differs): string {
  if (kind === "there") return t("only there");
  if (kind === "here") return t("only here");
  return kind === "changed" ? t("differs") : t("looks differ");
}

const lineWidth = ({ camera }: Env): number => Math.max(1.5, 2 / camera.scale);

function drawOutline(env: Env, { x, y, w, h }: Rect, kind: Differs): void {
  const { ctx, theme } = env;
  ctx.setLineDash(kind === "looks" ? [4, 4] : []);
  ctx.strokeStyle = colorOf(theme, kind);
  ctx.lineWidth = lineWidth(env);
  roundBox(ctx, x - GAP, y - GAP, w + 2 * GAP, h + 2 * GAP, RADIUS + GAP);
  ctx.stroke();
  if (kind !== "looks") drawWord(env, { x: x - GAP, y: y - GAP }, kind);
}

/** The word on a tab above the upper left corner, never smaller than it can be read. */
function drawWord(env: Env, at: Vec, kind: Differs): void {
  const { ctx, theme, camera } = env;
  if (env.lod === "block") return;
  const grow = Math.max(1, 0.8 / camera.scale);
  const text = wordOf(kind);
  ctx.save();
  ctx.setLineDash([]);
  ctx.translate(at.x, at.y - 19 * grow);
  ctx.scale(grow, grow);
  ctx.font = FONT.small;
  ctx.fillStyle = colorOf(theme, kind);
  roundBox(ctx, 0, 0, measure(FONT.small, text) + 12, 17, 4);
  ctx.fill();
  ctx.fillStyle = theme.canvas;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, 6, 9);
  ctx.restore();
}

/** The other values at the right of their rows. */
function drawValues({ ctx, theme }: Env, box: NodeBox, values: ReadonlyMap<string | number, string>): void {
  ctx.setLineDash([]);
  ctx.font = FONT.small;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { widget, rect, side } of box.widgets) {
    const own = values.get(widget.index) ?? values.get(widget.name);
    const beside = side ? (values.get(side.widget.index) ?? values.get(side.widget.name)) : undefined;
    const said = [own, beside].filter((one) => one !== undefined).join(" · ");
    if (said === "") continue;
    const text = fit(FONT.small, `→ ${said}`, VALUE_MAX);
    const at = { x: box.x + box.w + GAP + 3, y: box.y + rect.y + Math.min(rect.h, 20) / 2 };
    ctx.fillStyle = theme.raised;
    roundBox(ctx, at.x, at.y - 9, measure(FONT.small, text) + 12, 18, 4);
    ctx.fill();
    ctx.fillStyle = theme.stale;
    ctx.fillText(text, at.x + 6, at.y + 0.5);
  }
}

function drawGhost(env: Env, { x, y, w, h, title }: Ghost): void {
  const { ctx, theme } = env;
  ctx.setLineDash([6, 5]);
  ctx.lineWidth = lineWidth(env);
  ctx.strokeStyle = theme.done;
  ctx.fillStyle = theme.canvas;
  roundBox(ctx, x, y, w, h, RADIUS);
  ctx.globalAlpha = 0.75;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.stroke();
  if (env.lod === "block") return;
  ctx.font = FONT.title;
  ctx.fillStyle = theme.text2;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(fit(FONT.title, title, w - 24), x + 12, y + HEADER / 2);
  drawWord(env, { x, y }, "there");
}

function drawStrand(env: Env, strand: Strand, ghosts: ReadonlyMap<Key, Ghost>): void {
  const { ctx, scene, theme } = env;
  const end = (key: Key, output: boolean): Vec | null => {
    const box = scene.boxes.get(key);
    const socket = box?.sockets.find(({ side, order, socket: { name } }) => (output ? side === "output" && order === strand.slot : side === "input" && name === strand.input));
    if (box && socket) return { x: box.x + socket.x, y: box.y + socket.y };
    const ghost = box ?? ghosts.get(key);
    return ghost ? { x: ghost.x + (output ? ghost.w : 0), y: ghost.y + Math.min(ghost.h / 2, HEADER * 1.5) } : null;
  };
  const [a, b] = [end(strand.from, true), end(strand.to, false)];
  if (!a || !b) return;
  ctx.setLineDash(strand.kind === "there" ? [7, 6] : []);
  ctx.strokeStyle = colorOf(theme, strand.kind);
  ctx.lineWidth = lineWidth(env);
  ctx.beginPath();
  trace(ctx, curve(a, b));
  ctx.stroke();
}
