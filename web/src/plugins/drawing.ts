/**
 * Lending the canvas to code of a plugin.
 *
 * Invariant: a plugin gets the context in canvas units and leaves no trace in it. One that throws, or
 * moves the origin for good, loses the frame: the layer is wiped and drawn again without it.
 */
import { t } from "../i18n";
import type { Env } from "../canvas/drawnode";
import { FONT } from "../canvas/text";
import type { Theme } from "../canvas/theme";
import type { Look } from "../../public/loom/plugin";

/** Colours of the theme for plugins. */
export function lookOf(theme: Theme, scale: number): Look {
  const { text, text2: quiet, accent, field, border, done, running, error } = theme;
  return { text, quiet, accent, field, border, done, running, error, font: FONT.label, scale };
}

/** Draw with the origin at a point; false if the plugin failed, after `failed` was told. */
export function lend(env: Env, at: { x: number; y: number }, draw: () => void, failed: (error: unknown) => void): boolean {
  const { ctx } = env;
  const before = ctx.getTransform();
  ctx.save();
  ctx.translate(at.x, at.y);
  fresh(ctx);
  try {
    draw();
    ctx.restore();
    if (same(before, ctx.getTransform())) return true;
    throw new Error(t("it left the canvas moved: each save() needs its restore()"));
  } catch (error) {
    ctx.reset();
    failed(error);
    return false;
  }
}

/** What a new context has, but for the transparency of a muted node. */
function fresh(ctx: CanvasRenderingContext2D): void {
  ctx.fillStyle = ctx.strokeStyle = "black";
  ctx.font = FONT.label;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = 1;
  ctx.lineCap = "butt";
  ctx.lineJoin = "miter";
  ctx.setLineDash([]);
  ctx.beginPath();
}

const same = (a: DOMMatrix, b: DOMMatrix): boolean =>
  a.a === b.a && a.b === b.b && a.c === b.c && a.d === b.d && a.e === b.e && a.f === b.f;
