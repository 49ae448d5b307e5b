/** What a run left on a node: pictures side by side or one by one, two compared, and words. */
import { t } from "../i18n";
import type { Rect, Vec } from "./camera";
import type { Env } from "./drawnode";
import { heightOf, type Picture, sheetColumns, widthOf } from "./images";
import { type NodeBox, SAID_INSET } from "./layout";
import { roundBox } from "./shapes";
import { FONT, MONO_LINE, wrap } from "./text";

/** Pictures as large as fit, whole, side by side. */
export function drawSheet(
  ctx: CanvasRenderingContext2D,
  pictures: readonly Picture[],
  rect: Rect,
): void {
  const columns = sheetColumns(pictures.length);
  const cellW = rect.w / columns;
  const cellH = rect.h / Math.ceil(pictures.length / columns);
  pictures.forEach((picture, i) => {
    const scale = Math.min(cellW / widthOf(picture), cellH / heightOf(picture));
    const w = widthOf(picture) * scale;
    const h = heightOf(picture) * scale;
    const x = rect.x + (i % columns) * cellW + (cellW - w) / 2;
    const y = rect.y + Math.floor(i / columns) * cellH + (cellH - h) / 2;
    ctx.drawImage(picture, x, y, w, h);
  });
}

/** Which picture of a sheet lies under a point inside `rect`. */
export function cellAt(count: number, rect: Rect, p: Vec): number {
  const columns = sheetColumns(count);
  const column = Math.floor(((p.x - rect.x) / rect.w) * columns);
  const row = Math.floor(((p.y - rect.y) / rect.h) * Math.ceil(count / columns));
  return Math.min(count - 1, Math.max(0, row * columns + column));
}

export type PagerPart = "before" | "all" | "after";

const [PART_W, LABEL_W, PAGER_H] = [26, 54, 22];

/** The bar below several pictures: back, which one, on. Null where there is no room. */
function pagerRect(preview: Rect): Rect | null {
  const w = 2 * PART_W + LABEL_W;
  if (preview.w < w + 8 || preview.h < 3 * PAGER_H) return null;
  return { x: preview.x + (preview.w - w) / 2, y: preview.y + preview.h - PAGER_H - 8, w, h: PAGER_H };
}

/** The part of the bar at a point of the node. */
export function pagerPart(preview: Rect, p: Vec): PagerPart | null {
  const bar = pagerRect(preview);
  if (!bar || p.x < bar.x || p.x > bar.x + bar.w || p.y < bar.y || p.y > bar.y + bar.h) return null;
  return p.x < bar.x + PART_W ? "before" : p.x > bar.x + bar.w - PART_W ? "after" : "all";
}

/** The page after a press on the bar; from the sheet, on goes to the first and back to the last. */
export function turned(page: number | null, count: number, part: PagerPart): number | null {
  if (part === "all") return page === null ? 0 : null;
  const step = part === "after" ? 1 : -1;
  return page === null ? (part === "after" ? 0 : count - 1) : (page + step + count) % count;
}

export function drawPager(env: Env, box: NodeBox): void {
  const { ctx, theme, scene } = env;
  const mark = scene.mark(box.key);
  const count = mark.versus || mark.live ? 0 : scene.pictureUrls(box).length;
  const bar = box.preview && count > 1 ? pagerRect(box.preview) : null;
  if (!bar) return;
  const page = scene.pageOf(box);
  roundBox(ctx, bar.x, bar.y, bar.w, bar.h, bar.h / 2);
  ctx.fillStyle = theme.field;
  ctx.globalAlpha *= 0.88;
  ctx.fill();
  ctx.globalAlpha /= 0.88;
  ctx.font = FONT.small;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.text;
  ctx.fillText(page === null ? t("all {n}", { n: count }) : `${String(page + 1)} / ${String(count)}`, bar.x + bar.w / 2, bar.y + bar.h / 2 + 0.5);
  for (const side of [-1, 1]) drawArrow(env, bar.x + bar.w / 2 + side * (LABEL_W + PART_W) / 2, bar.y + bar.h / 2, side);
}

function drawArrow({ ctx, theme }: Env, x: number, y: number, side: number): void {
  ctx.beginPath();
  ctx.moveTo(x - side * 2.5, y - 4);
  ctx.lineTo(x + side * 2, y);
  ctx.lineTo(x - side * 2.5, y + 4);
  ctx.lineWidth = 1.6;
  ctx.strokeStyle = theme.text2;
  ctx.stroke();
}

/** The first picture left of a line, the second right of it; the line is dragged. */
export function drawVersus({ ctx, theme, scene, camera }: Env, box: NodeBox, [a, b]: readonly Picture[], rect: Rect): void {
  if (!a || !b) return;
  const x = rect.x + rect.w * (scene.splits.get(box.key) ?? 0.5);
  drawSheet(ctx, [a], rect);
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, rect.y, rect.x + rect.w - x, rect.h);
  ctx.clip();
  ctx.fillStyle = theme.canvas;
  ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
  drawSheet(ctx, [b], rect);
  ctx.restore();
  const px = 1 / camera.scale;
  ctx.fillStyle = theme.canvas;
  ctx.fillRect(x - 1.5 * px, rect.y, 3 * px, rect.h);
  ctx.fillStyle = theme.text;
  ctx.fillRect(x - 0.75 * px, rect.y, 1.5 * px, rect.h);
  ctx.beginPath();
  ctx.arc(x, rect.y + rect.h / 2, 7, 0, 7);
  ctx.fill();
}

export function drawSaid({ ctx, theme, lod, scene }: Env, box: NodeBox, { x, y, w, h }: Rect): void {
  roundBox(ctx, x, y, w, h, 5);
  ctx.fillStyle = theme.field;
  ctx.fill();
  if (lod !== "full") return;
  const lines = wrap(FONT.mono, scene.mark(box.key).texts.join("\n"), w - 2 * SAID_INSET);
  const fits = Math.floor((h - 2 * SAID_INSET + 2) / MONO_LINE);
  ctx.font = FONT.mono;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  lines.slice(0, fits).forEach((line, i) => {
    const cut = i === fits - 1 && lines.length > fits;
    ctx.fillStyle = cut ? theme.text3 : theme.text;
    ctx.fillText(cut ? t("… {n} more lines", { n: lines.length - fits + 1 }) : line.trimEnd(), x + SAID_INSET, y + SAID_INSET + (i + 0.5) * MONO_LINE);
  });
}
