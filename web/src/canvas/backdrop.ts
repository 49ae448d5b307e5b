/** Behind the nodes: the dotted ground and the groups. */
import { groupsOf, type RawGroup } from "../model/workflow";
import { type Camera, overlaps, type Rect } from "./camera";
import type { Env } from "./drawnode";
import { roundBox } from "./shapes";
import { fit, FONT } from "./text";

const PITCH = 24;
const MAJOR = 5;
/** Closer dots than this many screen pixels are thinned out. */
const MIN_GAP = 14;

export const GROUP_HEADER = 28;

/** Dots at a constant one pixel; every fifth one stronger. */
export function drawDots({ ctx, theme, camera }: Env): void {
  let pitch = PITCH;
  while (pitch * camera.scale < MIN_GAP) pitch *= MAJOR;
  const px = 1 / camera.scale;
  const { x, y, w, h } = camera.view;
  const minor = new Path2D();
  const major = new Path2D();
  for (let i = Math.floor(x / pitch); i * pitch < x + w; i++) {
    for (let j = Math.floor(y / pitch); j * pitch < y + h; j++) {
      const path = i % MAJOR === 0 && j % MAJOR === 0 ? major : minor;
      path.rect(i * pitch, j * pitch, px * 1.25, px * 1.25);
    }
  }
  ctx.fillStyle = theme.dot;
  ctx.fill(minor);
  ctx.fillStyle = theme.dotMajor;
  ctx.fill(major);
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
