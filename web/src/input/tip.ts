/** A line of explanation beside the pointer, at the same size for every zoom. */
import type { Vec } from "../canvas/camera";
import type { Env } from "../canvas/drawnode";
import { roundBox } from "../canvas/shapes";
import { FONT, measure, wrap } from "../canvas/text";

const WIDTH = 300;
const LINE = 17;

/** Draw `text` below and right of a world point, inside the view. */
export function drawTip({ ctx, theme, camera }: Env, at: Vec, text: string): void {
  const lines = wrap(FONT.label, text, WIDTH).slice(0, 8);
  const w = Math.max(...lines.map((line) => measure(FONT.label, line))) + 20;
  const h = lines.length * LINE + 12;
  const screen = camera.toScreen(at);
  const x = Math.max(4, Math.min(screen.x + 14, camera.width - w - 4));
  const y = Math.max(4, Math.min(screen.y + 18, camera.height - h - 4));
  ctx.save();
  ctx.translate(camera.x, camera.y);
  ctx.scale(1 / camera.scale, 1 / camera.scale);
  roundBox(ctx, x, y, w, h, 6);
  ctx.fillStyle = theme.raised;
  ctx.strokeStyle = theme.border;
  ctx.lineWidth = 1;
  ctx.shadowColor = theme.shadow;
  ctx.shadowBlur = 12;
  ctx.shadowOffsetY = 4;
  ctx.fill();
  ctx.shadowColor = "transparent";
  ctx.stroke();
  ctx.font = FONT.label;
  ctx.fillStyle = theme.text;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  lines.forEach((line, i) => {
    ctx.fillText(line, x + 10, y + 6 + (i + 0.5) * LINE);
  });
  ctx.restore();
}
