/**
 * The whole graph, small: nodes in their colours and a frame for the view.
 *
 * Invariant: it is drawn after a frame of the world and never by itself; nodes are drawn anew only
 * when the scene has changed, a moved view costs two copies.
 */
import { modeOf } from "../model/workflow";
import type { Rect, Vec } from "./camera";
import { familyOf, railColor } from "./drawnode";
import type { Renderer } from "./renderer";
import type { Scene } from "./scene";
import { typeColor } from "./theme";

const MARGIN = 8;

export class Minimap {
  private readonly ctx: CanvasRenderingContext2D | null;
  private readonly nodes = document.createElement("canvas");
  private drawn = "";
  private place = { x: 0, y: 0, k: 1 };

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly scene: Scene,
    private readonly renderer: Renderer,
  ) {
    this.ctx = canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    canvas.width = this.nodes.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = this.nodes.height = Math.round(canvas.clientHeight * ratio);
  }

  /** Follow the world; the returned function stops it. */
  start(): () => void {
    const draw = (): void => {
      this.draw();
    };
    this.renderer.watchers.add(draw);
    draw();
    return () => this.renderer.watchers.delete(draw);
  }

  /** Put the middle of the view at a point of the map, in CSS pixels. */
  go(at: Vec): void {
    const ratio = window.devicePixelRatio || 1;
    const { camera } = this.renderer;
    const { x, y, k } = this.place;
    camera.x = (at.x * ratio - x) / k - camera.width / camera.scale / 2;
    camera.y = (at.y * ratio - y) / k - camera.height / camera.scale / 2;
    this.renderer.moved();
  }

  private draw(): void {
    const { ctx, scene } = this;
    const bounds = scene.bounds();
    if (!ctx) return;
    const { width, height } = this.canvas;
    ctx.clearRect(0, 0, width, height);
    if (!bounds) return;
    const state = `${String(scene.version)} ${scene.theme.name} ${scene.path}`;
    if (state !== this.drawn) this.drawNodes(bounds);
    this.drawn = state;
    ctx.drawImage(this.nodes, 0, 0);
    this.drawView(ctx);
  }

  private drawView(ctx: CanvasRenderingContext2D): void {
    const { x, y, k } = this.place;
    const { view } = this.renderer.camera;
    ctx.strokeStyle = ctx.fillStyle = this.scene.theme.accent;
    ctx.globalAlpha = 0.12;
    ctx.fillRect(view.x * k + x, view.y * k + y, view.w * k, view.h * k);
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(view.x * k + x, view.y * k + y, view.w * k, view.h * k);
  }

  private drawNodes(bounds: Rect): void {
    const ctx = this.nodes.getContext("2d");
    if (!ctx) return;
    const { width, height } = this.nodes;
    const k = Math.min((width - 2 * MARGIN) / bounds.w, (height - 2 * MARGIN) / bounds.h);
    const x = width / 2 - (bounds.x + bounds.w / 2) * k;
    const y = height / 2 - (bounds.y + bounds.h / 2) * k;
    this.place = { x, y, k };
    ctx.clearRect(0, 0, width, height);
    for (const box of this.scene.boxes.values()) {
      const state = railColor(this.scene.theme, this.scene.mark(box.key), modeOf(box.node));
      ctx.fillStyle = state ?? typeColor(this.scene.theme, familyOf(box), 0.55);
      ctx.fillRect(box.x * k + x, box.y * k + y, Math.max(1.5, box.w * k), Math.max(1.5, box.h * k));
    }
  }
}
