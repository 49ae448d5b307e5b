/**
 * What a run would do and what it took, drawn on nodes: a rail, a badge, or a heat.
 *
 * Shape says the same as colour: a hatched rail and a triangle run, a full rail and a tick are kept,
 * a dash is not needed, a cross cannot run.
 */
import type { Outlook, Prospect } from "../model/outlook";
import { duration, memory, prospectOf } from "../model/outlook";
import type { Key } from "../model/workflow";
import type { Env } from "./drawnode";
import { HEADER, type NodeBox, RADIUS, RAIL } from "./layout";
import type { Mark } from "./scene";
import { roundBox } from "./shapes";
import { FONT, measure } from "./text";
import type { Theme } from "./theme";

/** Room that a badge takes at the right of the header. */
export const BADGE = 26;

export type HeatOf = "time" | "memory";

/** What the scene knows of the next run; `level` is the path of the shown level. */
export class Forecast {
  outlook: Outlook | null = null;
  /** What nodes are coloured by; null for not at all. */
  heat: HeatOf | null = null;
  /** What kinds of nodes usually take, kept from all plans, since those say nothing of cached nodes. */
  readonly usual = new Map<string, { ms: number | null; bytes: number | null }>();
  private readonly known = new Map<Key, Prospect | null>();

  set(outlook: Outlook | null): void {
    this.outlook = outlook;
    this.known.clear();
  }

  /** The prospect of an execution id; adding up a subgraph is done once. */
  of(id: Key): Prospect | null {
    if (!this.outlook) return null;
    let found = this.known.get(id);
    if (found === undefined) this.known.set(id, (found = prospectOf(this.outlook, id)));
    return found;
  }
}

/** The prospect to draw: a node that runs or failed has more to say by itself. */
export function prospectShown(forecast: Forecast, id: Key, mark: Mark): Prospect | null {
  if (mark.errors.length > 0 || mark.state === "running" || mark.state === "pending" || mark.state === "error") return null;
  return forecast.of(id);
}

/** The rail of a prospect; false where the rail of the last run still holds. */
export function drawProspectRail({ ctx, theme }: Env, box: NodeBox, { fate }: Prospect): boolean {
  if (fate === "cached" || fate === "idle") return false;
  ctx.fillStyle = fate === "run" ? theme.stale : theme.error;
  // At three units a slanted hatch is mush; dashes carry the same sign.
  for (let y = 2; y < box.h; y += 8) ctx.fillRect(0, y, RAIL, Math.min(5, box.h - y));
  return true;
}

export function drawProspectBadge(env: Env, box: NodeBox, { fate }: Prospect): void {
  const { ctx, theme } = env;
  const x = box.w - 16;
  const y = HEADER / 2;
  ctx.lineWidth = 1.5;
  ctx.lineCap = "round";
  ctx.strokeStyle = fate === "run" ? theme.stale : fate === "blocked" ? theme.error : theme.text3;
  ctx.fillStyle = ctx.strokeStyle;
  ctx.beginPath();
  for (const line of SIGNS[fate]) line.forEach(([dx, dy], i) => (i === 0 ? ctx.moveTo(x + dx, y + dy) : ctx.lineTo(x + dx, y + dy)));
  if (fate === "run") {
    ctx.closePath();
    ctx.fill();
  } else ctx.stroke();
}

type Line = readonly (readonly [number, number])[];

const SIGNS: Readonly<Record<Prospect["fate"], readonly Line[]>> = {
  run: [[[-3, -4.5], [-3, 4.5], [4.5, 0]]],
  cached: [[[-4.5, 0], [-1.5, 3.5], [4.5, -3.5]]],
  idle: [[[-4, 0], [4, 0]]],
  blocked: [[[-3.5, -3.5], [3.5, 3.5]], [[3.5, -3.5], [-3.5, 3.5]]],
};

/** What heat shows of a node: of its last run, else what its kind usually takes. */
function heatOf(forecast: Forecast, id: Key, box: NodeBox, mark: Mark): number | null {
  const usual = forecast.usual.get(box.node.type);
  if (forecast.heat === "time") return mark.ms ?? forecast.of(id)?.ms ?? usual?.ms ?? null;
  return forecast.of(id)?.bytes ?? usual?.bytes ?? null;
}

/** The hottest node of a level, which the others are measured by. */
export function hottest(env: Env): number {
  const { scene } = env;
  const values = [...scene.boxes.values()].map((box) => heatOf(scene.forecast, scene.path + box.key, box, scene.mark(box.key)));
  return Math.max(0, ...values.flatMap((value) => value ?? []));
}

/** Cold to hot; lightness stays, so that text on it can be read. */
export function heatColor(theme: Theme, share: number, alpha = 1): string {
  const light = theme.name === "light" ? 0.72 : 0.62;
  const hue = 250 - 225 * share;
  return `oklch(${String(light)} ${(0.06 + 0.13 * share).toFixed(3)} ${hue.toFixed(1)} / ${String(alpha)})`;
}

/** Few nodes take nearly all of the time: a root keeps the others apart. */
export const shareOf = (value: number, most: number): number => (most > 0 ? Math.sqrt(value / most) : 0);

/** The heat of a node while heat is shown; null for no heat or no number. */
export function warmth(env: Env, box: NodeBox): number | null {
  const { scene, hottest: most } = env;
  return most === undefined ? null : heatOf(scene.forecast, scene.path + box.key, box, scene.mark(box.key));
}

/** Colour a node's body by its heat; its words and pictures go on top. */
export function drawHeat({ ctx, theme, hottest: most = 0 }: Env, box: NodeBox, value: number): void {
  const share = shareOf(value, most);
  ctx.fillStyle = heatColor(theme, share, 0.3 + 0.3 * share);
  roundBox(ctx, 0, 0, box.w, box.h, box.collapsed ? HEADER / 2 : RADIUS);
  ctx.fill();
}

/** The number behind the colour, on a tab above the node. */
export function drawHeatNumber(env: Env, box: NodeBox, value: number): void {
  const { ctx, theme, scene, camera, hottest: most = 0 } = env;
  const share = shareOf(value, most);
  const grow = Math.max(1, 0.8 / camera.scale);
  const text = scene.forecast.heat === "time" ? duration(value) : memory(value);
  ctx.font = FONT.small;
  const w = (measure(FONT.small, text) + 12) * grow;
  ctx.save();
  ctx.translate(box.w - w, -20 * grow);
  ctx.scale(grow, grow);
  ctx.fillStyle = theme.raised;
  roundBox(ctx, 0, 0, w / grow, 17, 4);
  ctx.fill();
  ctx.fillStyle = heatColor(theme, share);
  ctx.fillRect(0, 15, w / grow, 2);
  ctx.fillStyle = theme.text;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, w / grow / 2, 8);
  ctx.restore();
}
