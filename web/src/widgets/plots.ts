/** Fields that are drawn in: curves, and boxes on a picture. */
import type { Env } from "../canvas/drawnode";
import { heightOf, type Picture, widthOf } from "../canvas/images";
import type { Rect, Vec } from "../canvas/camera";
import type { NodeBox, WidgetBox } from "../canvas/layout";
import type { Scene } from "../canvas/scene";
import { FONT } from "../canvas/text";
import { typeColor } from "../canvas/theme";
import { type Box, type Frame, plainFrame, readBoxes } from "../model/boxes";
import { bezierPieces, curvePoints, isLinear, type Point } from "../model/curve";
import type { Json } from "../model/json";

const MARGIN = 8;
const NAME = 16;

/** Where a curve lies in its field, within the node. */
export const plotRect = ({ rect }: WidgetBox): Rect =>
  ({ x: rect.x + MARGIN, y: rect.y + NAME, w: rect.w - 2 * MARGIN, h: rect.h - NAME - MARGIN });

export const toPlot = (area: Rect, { x, y }: Vec): Point => [(x - area.x) / area.w, 1 - (y - area.y) / area.h];
const onPlot = (area: Rect, [x, y]: Point): Vec => ({ x: area.x + x * area.w, y: area.y + (1 - y) * area.h });

export function drawCurve({ ctx, theme }: Env, row: WidgetBox, value: Json): void {
  const area = plotRect(row);
  drawGrid(ctx, area, theme.border);
  const points = curvePoints(value);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return;
  ctx.beginPath();
  const start = onPlot(area, first);
  // Before the first point and behind the last one the curve goes on level.
  ctx.moveTo(area.x, start.y);
  ctx.lineTo(start.x, start.y);
  for (const piece of bezierPieces(points, isLinear(value))) {
    const [a, b, end] = piece.map((point) => onPlot(area, point)) as [Vec, Vec, Vec];
    ctx.bezierCurveTo(a.x, a.y, b.x, b.y, end.x, end.y);
  }
  ctx.lineTo(area.x + area.w, onPlot(area, last).y);
  ctx.lineWidth = 1.6;
  ctx.strokeStyle = typeColor(theme, "FLOAT");
  ctx.stroke();
  ctx.fillStyle = theme.text;
  for (const point of points) {
    const { x, y } = onPlot(area, point);
    ctx.beginPath();
    ctx.arc(x, y, 3.5, 0, 7);
    ctx.fill();
  }
}

function drawGrid(ctx: CanvasRenderingContext2D, { x, y, w, h }: Rect, color: string): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let i = 0; i <= 4; i++) {
    ctx.moveTo(x + (w * i) / 4, y);
    ctx.lineTo(x + (w * i) / 4, y + h);
    ctx.moveTo(x, y + (h * i) / 4);
    ctx.lineTo(x + w, y + (h * i) / 4);
  }
  ctx.stroke();
}

/** The picture that is wired into a node, if the node it comes from shows it. */
function underlay(scene: Scene, box: NodeBox): Picture | null {
  const inlet = box.sockets.find(({ side, socket }) => side === "input" && socket.type === "IMAGE" && socket.link !== null);
  const link = inlet?.socket.link == null ? null : scene.doc.link(String(inlet.socket.link));
  const source = link && scene.boxes.get(link.from);
  return (source && scene.pictures(source)[0]) ?? null;
}

/** A picture or an empty frame as large as fits the field, and pixels of it per unit of the canvas. */
export function boardOf(scene: Scene, box: NodeBox, row: WidgetBox, boxes: readonly Box[]): { frame: Frame; area: Rect; scale: number; picture: Picture | null } {
  const picture = underlay(scene, box);
  const frame = picture ? { w: widthOf(picture), h: heightOf(picture) } : plainFrame(boxes);
  const room = plotRect(row);
  const scale = Math.max(frame.w / room.w, frame.h / room.h);
  const [w, h] = [frame.w / scale, frame.h / scale];
  return { frame, area: { x: room.x + (room.w - w) / 2, y: room.y + (room.h - h) / 2, w, h }, scale, picture };
}

export function drawBoxes({ ctx, theme, scene }: Env, box: NodeBox, row: WidgetBox, value: Json): void {
  const boxes = readBoxes(value);
  const { area, scale, picture } = boardOf(scene, box, row, boxes);
  if (picture) ctx.drawImage(picture, area.x, area.y, area.w, area.h);
  else drawGrid(ctx, area, theme.border);
  ctx.font = FONT.small;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  boxes.forEach(({ x, y, w, h, raw }, i) => {
    const at = { x: area.x + x / scale, y: area.y + y / scale };
    ctx.fillStyle = typeColor(theme, "MASK", 0.2);
    ctx.fillRect(at.x, at.y, w / scale, h / scale);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = theme.accent;
    ctx.strokeRect(at.x, at.y, w / scale, h / scale);
    const label = typeof raw["label"] === "string" ? raw["label"] : boxes.length > 1 ? String(i + 1) : "";
    ctx.fillStyle = theme.text;
    ctx.fillText(label, at.x + 3, at.y + 3);
  });
}
