/** Numbers with ends: a bar behind the value, a slider with a thumb, or a knob. */
import type { Env } from "../canvas/drawnode";
import { ROW, type WidgetBox } from "../canvas/layout";
import { FIELD_RADIUS, roundBox } from "../canvas/shapes";
import { typeColor } from "../canvas/theme";
import { displayOf } from "./numbers";

/** What a knob takes at the right end of its row. */
export const KNOB_ROOM = 22;
const THUMB = 4;
const [FROM, TURN] = [0.75 * Math.PI, 1.5 * Math.PI];

/** How far a value is along its range, behind the text of the row. */
export function drawRange(env: Env, row: WidgetBox, part: number): void {
  const display = displayOf(row.widget.input);
  if (display === "knob") return;
  if (display === "gradient") drawGradient(env, row);
  else if (part > 0) drawBar(env, row, part, display === "slider" ? 0.4 : 0.22);
  if (display !== "number") drawThumb(env, row, part);
}

function drawBar({ ctx, theme }: Env, { rect, widget }: WidgetBox, part: number, alpha: number): void {
  const right = part >= 1 ? FIELD_RADIUS : 0;
  roundBox(ctx, rect.x, rect.y, rect.w * part, rect.h, [FIELD_RADIUS, right, right, FIELD_RADIUS]);
  ctx.fillStyle = typeColor(theme, widget.input.type, theme.name === "light" ? alpha + 0.03 : alpha);
  ctx.fill();
}

function drawThumb({ ctx, theme }: Env, { rect, widget }: WidgetBox, part: number): void {
  const x = rect.x + 2 + part * (rect.w - THUMB - 4);
  roundBox(ctx, x, rect.y + 3, THUMB, rect.h - 6, 2);
  ctx.fillStyle = typeColor(theme, widget.input.type);
  ctx.fill();
}

/** A strip along the lower edge that grows stronger towards the end. */
function drawGradient({ ctx, theme }: Env, { rect, widget }: WidgetBox): void {
  const fill = ctx.createLinearGradient(rect.x, 0, rect.x + rect.w, 0);
  fill.addColorStop(0, theme.field);
  fill.addColorStop(1, typeColor(theme, widget.input.type, 0.7));
  roundBox(ctx, rect.x, rect.y + rect.h - 5, rect.w, 5, [0, 0, FIELD_RADIUS, FIELD_RADIUS]);
  ctx.fillStyle = fill;
  ctx.fill();
}

export function drawKnob({ ctx, theme }: Env, { rect, widget }: WidgetBox, part: number, room: number): void {
  const [x, y, r] = [rect.x + room - 15, rect.y + ROW / 2, 8];
  const angle = FROM + part * TURN;
  ctx.lineWidth = 2.5;
  ctx.lineCap = "round";
  for (const [end, color] of [[FROM + TURN, theme.border], [angle, typeColor(theme, widget.input.type)]] as const) {
    ctx.beginPath();
    ctx.arc(x, y, r, FROM, end);
    ctx.strokeStyle = color;
    ctx.stroke();
  }
  ctx.beginPath();
  ctx.moveTo(x + Math.cos(angle) * 2.5, y + Math.sin(angle) * 2.5);
  ctx.lineTo(x + Math.cos(angle) * 5, y + Math.sin(angle) * 5);
  ctx.lineWidth = 2;
  ctx.strokeStyle = theme.text;
  ctx.stroke();
  ctx.lineCap = "butt";
}
