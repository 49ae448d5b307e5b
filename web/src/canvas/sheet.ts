/**
 * The far view as a picture: where nodes are blocks, panning moves what is already drawn.
 *
 * Invariant: what `show` copies was drawn for the present scene, at the present scale. It is drawn
 * only once the view moves without anything else changing, with a margin to move in.
 */
import { Camera, type Rect } from "./camera";

/** Part of the view's size that is drawn beyond each edge. */
const MARGIN = 0.5;

export class Sheet {
  private canvas: HTMLCanvasElement | null = null;
  private covers: (Rect & { scale: number; ratio: number }) | null = null;

  /** Forget the picture: the scene has changed. */
  clear(): void {
    this.covers = null;
  }

  /** Copy the picture of this view to `ctx`; `draw` makes one if there is none that covers it. */
  show(
    ctx: CanvasRenderingContext2D,
    camera: Camera,
    ratio: number,
    draw: (ctx: CanvasRenderingContext2D, wide: Camera) => void,
  ): void {
    if (!this.fits(camera, ratio)) this.make(camera, ratio, draw);
    if (!this.canvas || !this.covers) return;
    const k = camera.scale * ratio;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.drawImage(this.canvas, Math.round((this.covers.x - camera.x) * k), Math.round((this.covers.y - camera.y) * k));
  }

  private fits({ view, scale }: Camera, ratio: number): boolean {
    const c = this.covers;
    if (c?.scale !== scale || c.ratio !== ratio) return false;
    return view.x >= c.x && view.y >= c.y && view.x + view.w <= c.x + c.w && view.y + view.h <= c.y + c.h;
  }

  private make(camera: Camera, ratio: number, draw: (ctx: CanvasRenderingContext2D, wide: Camera) => void): void {
    const wide = new Camera();
    const grow = 1 + 2 * MARGIN;
    wide.scale = camera.scale;
    wide.width = camera.width * grow;
    wide.height = camera.height * grow;
    wide.x = camera.x - (camera.width * MARGIN) / camera.scale;
    wide.y = camera.y - (camera.height * MARGIN) / camera.scale;
    this.canvas ??= document.createElement("canvas");
    this.canvas.width = Math.round(wide.width * ratio);
    this.canvas.height = Math.round(wide.height * ratio);
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    draw(ctx, wide);
    this.covers = { ...wide.view, scale: camera.scale, ratio };
  }
}
