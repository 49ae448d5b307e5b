/** Small shapes of the canvas: rounded boxes, sockets, hatching. */
import type { SocketBox } from "./layout";

const WEIGHTS = new Set(["MODEL", "CLIP", "VAE", "CONTROL_NET", "UPSCALE_MODEL", "CLIP_VISION", "STYLE_MODEL"]);

/** Corners of fields. */
export const FIELD_RADIUS = 5;

export function roundBox(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  h: number,
  radius: number | number[],
): void {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, radius);
}

/**
 * A socket by structure, so that colour is never the only sign: circle for one value, diamond for
 * a list, square for model weights, ring for optional, half disc for a widget.
 */
export function socketShape(ctx: CanvasRenderingContext2D, box: SocketBox, r: number): "fill" | "ring" {
  const { x, y, socket } = box;
  ctx.beginPath();
  if (socket.list) {
    const d = r * 1.25;
    ctx.moveTo(x, y - d);
    ctx.lineTo(x + d, y);
    ctx.lineTo(x, y + d);
    ctx.lineTo(x - d, y);
    ctx.closePath();
  } else if (WEIGHTS.has(String(socket.type as string))) {
    ctx.roundRect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8, 1.5);
  } else ctx.arc(x, y, r, 0, 7);
  return socket.optional && socket.link === null ? "ring" : "fill";
}

/** The small half disc at the left edge of a widget row. */
export function halfDisc(ctx: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.arc(x, y, r, -Math.PI / 2, Math.PI / 2);
  ctx.closePath();
}

/** Diagonal hatching inside the current clip, 8 world units apart. */
export function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  ctx.beginPath();
  for (let at = -h; at < w; at += 8) {
    ctx.moveTo(x + at, y + h);
    ctx.lineTo(x + at + h, y);
  }
  ctx.stroke();
}
