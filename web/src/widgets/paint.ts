/** Widget rows drawn on the canvas: label left and quiet, value right and bright. */
import type { Env, WidgetPainter } from "../canvas/drawnode";
import { type NodeBox, ROW, type WidgetBox } from "../canvas/layout";
import { FIELD_RADIUS, roundBox } from "../canvas/shapes";
import { fit, FONT, measure, MONO_LINE, wrap } from "../canvas/text";
import { t } from "../i18n";
import { isObject, type Json } from "../model/json";
import { readWidget } from "../model/widgets";
import { markdownLines } from "./markdown";
import { displayOf, formatNumber, fraction, toHex } from "./numbers";
import { drawBoxes, drawCurve } from "./plots";
import { drawKnob, drawRange, KNOB_ROOM } from "./ranges";

const INSET = 8;
/** What the control mode of a seed looks like in its corner. */
const CONTROL_SIGN: Record<string, string> = {
  fixed: "fixed",
  increment: "+ 1",
  decrement: "− 1",
  randomize: "rand",
};

/** A row being drawn, with all that its kind needs. */
interface Row {
  env: Env;
  box: NodeBox;
  row: WidgetBox;
  value: Json;
  linked: boolean;
  /** Width that the value may take, without the side button. */
  room: number;
}

export const painter: WidgetPainter = {
  draw(env, box, row) {
    const value = readWidget(box.node, box.allWidgets, row.widget);
    const linked = row.socket?.socket.link != null;
    const room = row.rect.w - (row.side?.rect.w ?? 0);
    const state: Row = { env, box, row, value, linked, room };
    drawField(state);
    const own = linked || env.lod !== "full" ? undefined : env.scene.plugged.field(box, row.widget.name);
    if (own) own.draw(env, { ...row.rect, w: room }, value);
    else if (row.widget.kind === "multiline") drawText(state);
    else if (!linked && env.lod === "full" && drawPlot(state)) drawName(state);
    else if (row.widget.kind === "button") drawButton(state);
    else drawLine(state);
    if (row.side && env.lod === "full") drawSide(state);
  },
};

function drawField({ env, box, row, value, linked }: Row): void {
  const { ctx, theme, scene, camera } = env;
  const { x, y, w, h } = row.rect;
  roundBox(ctx, x, y, w, h, FIELD_RADIUS);
  ctx.fillStyle = theme.field;
  // A note is paper, not a field.
  if (!box.spec?.virtual) ctx.fill();
  const part = row.widget.kind === "number" && !linked ? fraction(row.widget.input, value) : null;
  if (part !== null) drawRange(env, row, part);
  const wrong = scene.mark(box.key).errors.some((error) => error.input === row.widget.name);
  if (!wrong) return;
  roundBox(ctx, x, y, w, h, FIELD_RADIUS);
  ctx.strokeStyle = theme.error;
  ctx.lineWidth = Math.max(1, 1.5 / camera.scale);
  ctx.stroke();
}

const labelOf = (row: WidgetBox): string =>
  row.socket?.socket.label ?? row.widget.input.label ?? row.widget.name;

/** What is drawn in a curve or a field of boxes; false for other kinds. */
function drawPlot({ env, box, row, value }: Row): boolean {
  if (row.widget.kind === "curve") drawCurve(env, row, value);
  else if (row.widget.kind === "boxes") drawBoxes(env, box, row, value);
  else return false;
  return true;
}

function drawButton({ env, row, room }: Row): void {
  const { ctx, theme } = env;
  const { x, y, h } = row.rect;
  roundBox(ctx, x, y, room, h, FIELD_RADIUS);
  ctx.fillStyle = theme.border;
  ctx.fill();
  ctx.font = FONT.label;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.text;
  ctx.fillText(fit(FONT.label, labelOf(row), room - 2 * INSET), x + room / 2, y + h / 2 + 0.5);
}

function drawName({ env: { ctx, theme }, row, room }: Row): void {
  ctx.font = FONT.small;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.text3;
  ctx.fillText(fit(FONT.small, labelOf(row), room - 2 * INSET), row.rect.x + INSET, row.rect.y + 9);
}

function drawLine(state: Row): void {
  const { env, row, room, linked } = state;
  const { ctx, theme } = env;
  const { x, y } = row.rect;
  const middle = y + ROW / 2 + 0.5;
  const name = labelOf(row);
  const label = fit(FONT.label, name, room * (env.lod === "full" ? 0.55 : 0.9));
  ctx.font = FONT.label;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = !linked && displayOf(row.widget.input) === "slider" ? theme.text2 : theme.text3;
  ctx.fillText(label, x + INSET, middle);
  if (env.lod !== "full") return;
  const left = measure(FONT.label, label) + INSET + 12;
  if (linked) drawValue(state, "linked", left, theme.text3);
  else drawKind(state, left, middle);
}

function drawKind(state: Row, left: number, middle: number): void {
  const { env, row, value } = state;
  const { theme } = env;
  const { kind, input } = row.widget;
  if (kind === "toggle") drawToggle(state, left, value === true, middle);
  else if (kind === "color") drawColor(state, middle);
  else if (kind === "number") drawNumber(state, left);
  else if (kind === "custom") drawValue(state, typeof value === "string" || typeof value === "number" ? String(value) : "", left, theme.text);
  else if (kind === "choices") drawMany(state, left, middle);
  else if (kind === "combo") {
    const known = input.choices.length === 0 || input.choices.includes(value);
    drawValue(state, String(value as string), left, known ? theme.text : theme.error, 14);
    drawChevron(state, middle);
  } else drawValue(state, String(value as string), left, theme.text);
}

function drawValue(state: Row, text: string, left: number, color: string, end = 0): void {
  const { env, row, room } = state;
  const { x, y } = row.rect;
  env.ctx.fillStyle = color;
  env.ctx.textAlign = "right";
  const shown = fit(FONT.label, text, room - left - INSET - end);
  env.ctx.fillText(shown, x + room - INSET - end, y + ROW / 2 + 0.5);
}

function drawChevron({ env, row, room }: Row, middle: number): void {
  const { ctx, theme } = env;
  const x = row.rect.x + room - INSET - 4;
  ctx.beginPath();
  ctx.moveTo(x - 3.5, middle - 2.5);
  ctx.lineTo(x, middle + 1.5);
  ctx.lineTo(x + 3.5, middle - 2.5);
  ctx.lineWidth = 1.4;
  ctx.strokeStyle = theme.text3;
  ctx.stroke();
}

function drawNumber(state: Row, left: number): void {
  const { env, row, value } = state;
  const part = displayOf(row.widget.input) === "knob" ? fraction(row.widget.input, value) : null;
  drawValue(state, formatNumber(row.widget.input, value), left, env.theme.text, part === null ? 0 : KNOB_ROOM);
  if (part !== null) drawKnob(env, row, part, state.room);
}

/** What was chosen of a list, or how many where the names do not fit. */
function drawMany(state: Row, left: number, middle: number): void {
  const { env, row, value, room } = state;
  const { options, choices } = row.widget.input;
  const chosen = Array.isArray(value) ? value : [];
  const known = choices.length === 0 || chosen.every((one) => choices.includes(one));
  const names = chosen.join(", ");
  const fits = measure(FONT.label, names) <= room - left - INSET - 14;
  const asked = isObject(options["multi_select"]) ? options["multi_select"]["placeholder"] : null;
  const none = typeof asked === "string" ? asked : t("None");
  const shown = chosen.length === 0 ? none : fits ? names : t("{n} of {all}", { n: chosen.length, all: choices.length });
  drawValue(state, shown, left, !known ? env.theme.error : chosen.length === 0 ? env.theme.text3 : env.theme.text, 14);
  drawChevron(state, middle);
}

function drawToggle(state: Row, left: number, on: boolean, middle: number): void {
  const { env, row, room } = state;
  const { ctx, theme } = env;
  const said = row.widget.input.options[on ? "label_on" : "label_off"];
  if (typeof said === "string" && said !== "") drawValue(state, said, left, on ? theme.text : theme.text2, 34);
  const x = row.rect.x + room - INSET - 26;
  roundBox(ctx, x, middle - 7, 26, 14, 7);
  ctx.fillStyle = on ? theme.accent : theme.border;
  ctx.fill();
  ctx.beginPath();
  ctx.arc(x + (on ? 19 : 7), middle, 5, 0, 7);
  ctx.fillStyle = on ? theme.canvas : theme.text2;
  ctx.fill();
}

function drawColor(state: Row, middle: number): void {
  const { env, row, room, value } = state;
  const hex = toHex(value);
  const { ctx, theme } = env;
  const x = row.rect.x + room - INSET - 16;
  roundBox(ctx, x, middle - 7, 16, 14, 3);
  ctx.fillStyle = hex;
  ctx.fill();
  ctx.strokeStyle = theme.border;
  ctx.lineWidth = 1;
  ctx.stroke();
  drawValue(state, hex, 40, theme.text, 22);
}

/** Text fields: a wrapped excerpt in the same face and place the editor will have. */
function drawText(state: Row): void {
  const { env, box, row, value, linked } = state;
  const { ctx, theme } = env;
  const { x, y, w, h } = row.rect;
  const text = String(value as string);
  if (env.lod !== "full") {
    drawGreek(env, row, text);
    return;
  }
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y + 2, w, h - 4);
  ctx.clip();
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  if (box.node.type === "MarkdownNote" && text !== "") {
    drawMarkdown(state, text);
    ctx.restore();
    return;
  }
  ctx.font = text === "" || linked ? FONT.label : FONT.mono;
  ctx.fillStyle = text === "" || linked ? theme.text3 : box.spec?.virtual ? theme.text2 : theme.text;
  const asked = row.widget.input.options["placeholder"];
  const hint = typeof asked === "string" && asked !== "" ? asked : row.widget.name;
  const lines = linked || text === "" ? [linked ? `${row.widget.name} (linked)` : hint] : wrap(FONT.mono, text, w - 2 * INSET);
  lines.slice(0, Math.ceil(h / MONO_LINE)).forEach((line, i) => {
    ctx.fillText(line.trimEnd(), x + INSET, y + 8 + (i + 0.5) * MONO_LINE);
  });
  ctx.restore();
}

const INDENT = 14;

/** A note in Markdown, line by line; what does not fit is cut by the note's edge. */
function drawMarkdown({ env, row }: Row, text: string): void {
  const { ctx, theme } = env;
  const { x, y, w, h } = row.rect;
  let top = y + 8;
  for (const { style, text: line, depth } of markdownLines(text)) {
    if (top > y + h) return;
    const left = x + INSET + depth * INDENT + (style === "quote" ? 10 : 0);
    const font = style === "heading" ? FONT.group : style === "code" ? FONT.mono : FONT.label;
    const from = top;
    ctx.font = font;
    ctx.fillStyle = style === "heading" ? theme.text : style === "code" ? theme.text3 : theme.text2;
    for (const part of wrap(font, line, x + w - INSET - left)) {
      ctx.fillText(part.trimEnd(), left, top + MONO_LINE / 2);
      top += MONO_LINE;
    }
    ctx.fillStyle = theme.border;
    if (style === "rule") ctx.fillRect(x + INSET, from + MONO_LINE / 2, w - 2 * INSET, 1);
    if (style === "quote") ctx.fillRect(x + INSET, from, 2, top - from);
  }
}

/** Where letters would be too small to read, lines stand for them. */
function drawGreek({ ctx, theme }: Env, { rect }: WidgetBox, text: string): void {
  ctx.fillStyle = theme.border;
  const lines = text === "" ? [] : wrap(FONT.mono, text, rect.w - 2 * INSET);
  lines.slice(0, Math.floor((rect.h - 8) / MONO_LINE)).forEach((line, i) => {
    const w = Math.min(rect.w - 2 * INSET, measure(FONT.mono, line.trimEnd()));
    ctx.fillRect(rect.x + INSET, rect.y + 8 + i * MONO_LINE + 6, w, 5);
  });
}

function drawSide({ env, box, row }: Row): void {
  const { ctx, theme } = env;
  const { side } = row;
  if (!side) return;
  const { x, y, w, h } = side.rect;
  ctx.fillStyle = theme.border;
  ctx.fillRect(x, y + 5, 1, h - 10);
  if (side.widget.kind === "upload") {
    drawUpload(env, x + w / 2, y + h / 2);
    return;
  }
  const mode = readWidget(box.node, box.allWidgets, side.widget);
  ctx.font = FONT.small;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = mode === "fixed" ? theme.text3 : theme.accent;
  ctx.fillText(CONTROL_SIGN[String(mode as string)] ?? String(mode as string), x + w / 2 + 0.5, y + h / 2 + 0.5);
}

function drawUpload({ ctx, theme }: Env, x: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(x, y + 3);
  ctx.lineTo(x, y - 5);
  ctx.moveTo(x - 3, y - 2);
  ctx.lineTo(x, y - 5);
  ctx.lineTo(x + 3, y - 2);
  ctx.moveTo(x - 5, y + 2);
  ctx.lineTo(x - 5, y + 5);
  ctx.lineTo(x + 5, y + 5);
  ctx.lineTo(x + 5, y + 2);
  ctx.lineWidth = 1.3;
  ctx.strokeStyle = theme.text2;
  ctx.stroke();
}
