/** Behind the nodes: the dotted ground and the groups. */
import { groupsOf, type RawGroup } from "../model/workflow";
import { type Camera, overlaps, type Rect } from "./camera";
import type { Env } from "./drawnode";
import { roundBox } from "./shapes";
import { fit, FONT } from "./text";
import type { Theme } from "./theme";

const PITCH = 24;
const MAJOR = 5;
/** Closer dots than this many screen pixels are thinned out. */
const MIN_GAP = 14;

export const GROUP_HEADER = 28;

/** Dots at a constant one pixel; every fifth one stronger. One tile of them fills the view. */
export function drawDots({ ctx, theme, camera }: Env): void {
  let pitch = PITCH;
  while (pitch * camera.scale < MIN_GAP) pitch *= MAJOR;
  const ratio = window.devicePixelRatio || 1;
  const exact = pitch * MAJOR * camera.scale * ratio;
  const side = Math.round(exact);
  const pattern = ctx.createPattern(dotTile(theme, side, ratio), "repeat");
  if (!pattern) return;
  ctx.save();
  // The tile has whole pixels; stretched by less than one it meets its neighbours exactly.
  pattern.setTransform(new DOMMatrix([exact / side, 0, 0, exact / side, 0, 0]));
  const shift = (at: number): number => -Math.round(((((at * camera.scale * ratio) % exact) + exact) % exact));
  const [x, y] = [shift(camera.x), shift(camera.y)];
  ctx.setTransform(1, 0, 0, 1, x, y);
  ctx.fillStyle = pattern;
  ctx.fillRect(0, 0, camera.width * ratio - x, camera.height * ratio - y);
  ctx.restore();
}

let tile: { canvas: HTMLCanvasElement; name: string } | null = null;

/** Five by five dots, the first one strong. */
function dotTile(theme: Theme, side: number, ratio: number): HTMLCanvasElement {
  const name = `${theme.dot} ${theme.dotMajor} ${String(side)} ${String(ratio)}`;
  if (tile?.name === name) return tile.canvas;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const ctx = canvas.getContext("2d");
  const px = 1.25 * ratio;
  for (let i = 0; ctx && i < MAJOR * MAJOR; i++) {
    ctx.fillStyle = i === 0 ? theme.dotMajor : theme.dot;
    const step = side / MAJOR;
    ctx.fillRect(Math.round((i % MAJOR) * step), Math.round(Math.floor(i / MAJOR) * step), px, px);
  }
  tile = { canvas, name };
  return canvas;
}

export function groupRect(group: RawGroup): Rect {
  const [x = 0, y = 0, w = 0, h = 0] = group.bounding.map(Number);
  return { x, y, w, h };
}

export function drawGroups(env: Env): void {
  for (const group of groupsOf(env.scene.doc.raw)) {
    const rect = groupRect(group);
    if (overlaps(rect, env.camera.view)) drawGroup(env, group, rect);
  }
}

function drawGroup({ ctx, theme, camera }: Env, group: RawGroup, { x, y, w, h }: Rect): void {
  const color = typeof group["color"] === "string" ? group["color"] : theme.text3;
  ctx.save();
  roundBox(ctx, x, y, w, h, 10);
  ctx.fillStyle = color;
  ctx.strokeStyle = color;
  ctx.lineWidth = 1 / camera.scale;
  ctx.globalAlpha = theme.name === "dark" ? 0.1 : 0.12;
  ctx.fill();
  ctx.globalAlpha = 0.5;
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.text2;
  ctx.font = FONT.group;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  if (camera.scale > 0.25) ctx.fillText(fit(FONT.group, String(group.title), w - 24), x + 12, y + GROUP_HEADER / 2 + 2);
  ctx.restore();
}

/** True if a screen this small shows no groups' titles to grab. */
export const groupsGrabbable = (camera: Camera): boolean => camera.scale > 0.15;
