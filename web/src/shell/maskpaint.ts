/**
 * Painting of a mask on a canvas of the picture's own size.
 *
 * Invariant: the alpha of `layer` is the mask; its colour means nothing. What a stroke paints
 * lies apart until it ends, so that a half transparent brush does not add up along its own way.
 */
import { t } from "../i18n";

export interface Brush {
  size: number;
  /** 0 is a soft edge all the way in, 1 a sharp one. */
  hardness: number;
  opacity: number;
  erase: boolean;
}

interface Spot {
  x: number;
  y: number;
  /** Size against the brush's, by the pen's pressure. */
  press: number;
}

const COLOR = "92, 200, 255";
const UNDO_BYTES = 256e6;
/** Stamps per brush size along the way. */
const DENSITY = 8;

export class MaskPaint {
  readonly layer: HTMLCanvasElement;
  /** The running stroke, shown over the layer. */
  readonly stroke: HTMLCanvasElement;
  private readonly onto: CanvasRenderingContext2D;
  private readonly over: CanvasRenderingContext2D;
  private readonly before: HTMLCanvasElement[] = [];
  private readonly after: HTMLCanvasElement[] = [];
  private last: Spot | null = null;
  private stamp: { canvas: HTMLCanvasElement; hardness: number } | null = null;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    [this.layer, this.onto] = surface(width, height);
    [this.stroke, this.over] = surface(width, height);
  }

  get canUndo(): boolean {
    return this.before.length > 0;
  }

  get canRedo(): boolean {
    return this.after.length > 0;
  }

  /** Take the mask that a picture has: what is transparent in it. */
  adopt(picture: CanvasImageSource): void {
    this.onto.drawImage(picture, 0, 0, this.width, this.height);
    this.flip();
  }

  begin(spot: Spot, brush: Brush): void {
    this.keep();
    this.last = null;
    this.move(spot, brush);
  }

  move(spot: Spot, brush: Brush): void {
    const from = this.last ?? spot;
    const pitch = Math.max(1, (brush.size * spot.press) / DENSITY);
    const steps = Math.max(1, Math.ceil(Math.hypot(spot.x - from.x, spot.y - from.y) / pitch));
    for (let i = this.last ? 1 : steps; i <= steps; i++) {
      const t = i / steps;
      const mix = (a: number, b: number): number => a + (b - a) * t;
      this.dab({ x: mix(from.x, spot.x), y: mix(from.y, spot.y), press: mix(from.press, spot.press) }, brush);
    }
    this.last = spot;
  }

  end(brush: Brush): void {
    this.last = null;
    if (brush.erase) return;
    this.onto.globalAlpha = brush.opacity;
    this.onto.drawImage(this.stroke, 0, 0);
    this.onto.globalAlpha = 1;
    this.over.clearRect(0, 0, this.width, this.height);
  }

  fill(): void {
    this.keep();
    this.onto.fillStyle = `rgb(${COLOR})`;
    this.onto.fillRect(0, 0, this.width, this.height);
  }

  clear(): void {
    this.keep();
    this.onto.clearRect(0, 0, this.width, this.height);
  }

  invert(): void {
    this.keep();
    this.flip();
  }

  undo(): void {
    this.travel(this.before, this.after);
  }

  redo(): void {
    this.travel(this.after, this.before);
  }

  /** A picture whose alpha is the opposite of the mask, as the server stores masks. */
  async png(): Promise<Blob> {
    const [canvas, ctx] = surface(this.width, this.height);
    ctx.fillRect(0, 0, this.width, this.height);
    ctx.globalCompositeOperation = "destination-out";
    ctx.drawImage(this.layer, 0, 0);
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error(t("The mask is too large for this browser to encode.")));
      });
    });
  }

  private dab({ x, y, press }: Spot, brush: Brush): void {
    const size = Math.max(1, brush.size * press);
    const ctx = brush.erase ? this.onto : this.over;
    ctx.globalCompositeOperation = brush.erase ? "destination-out" : "source-over";
    ctx.globalAlpha = brush.erase ? brush.opacity : 1;
    ctx.drawImage(this.stampOf(brush.hardness), x - size / 2, y - size / 2, size, size);
    ctx.globalCompositeOperation = "source-over";
    ctx.globalAlpha = 1;
  }

  private stampOf(hardness: number): HTMLCanvasElement {
    if (this.stamp?.hardness === hardness) return this.stamp.canvas;
    const [canvas, ctx] = surface(256, 256);
    const fade = ctx.createRadialGradient(128, 128, 127 * Math.min(0.98, hardness), 128, 128, 127);
    fade.addColorStop(0, `rgba(${COLOR}, 1)`);
    fade.addColorStop(1, `rgba(${COLOR}, 0)`);
    ctx.fillStyle = fade;
    ctx.beginPath();
    ctx.arc(128, 128, 127, 0, 7);
    ctx.fill();
    this.stamp = { canvas, hardness };
    return canvas;
  }

  /** Swap what is masked and what is not. */
  private flip(): void {
    this.onto.globalCompositeOperation = "source-out";
    this.onto.fillStyle = `rgb(${COLOR})`;
    this.onto.fillRect(0, 0, this.width, this.height);
    this.onto.globalCompositeOperation = "source-over";
  }

  private keep(): void {
    this.before.push(this.copy());
    this.after.length = 0;
    const most = Math.max(3, Math.floor(UNDO_BYTES / (this.width * this.height * 4)));
    if (this.before.length > most) this.before.shift();
  }

  private travel(from: HTMLCanvasElement[], to: HTMLCanvasElement[]): void {
    const state = from.pop();
    if (!state) return;
    to.push(this.copy());
    this.onto.clearRect(0, 0, this.width, this.height);
    this.onto.drawImage(state, 0, 0);
  }

  private copy(): HTMLCanvasElement {
    const [canvas, ctx] = surface(this.width, this.height);
    ctx.drawImage(this.layer, 0, 0);
    return canvas;
  }
}

function surface(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error(t("This browser has no memory left for the mask. Close other tabs and try again."));
  return [canvas, ctx];
}
