/**
 * Two stacked canvases, drawn only when something asked for it.
 *
 * Invariant: no animation frame is requested while both layers are clean and nothing moves; the
 * counters prove it in tests. World: ground, groups, wires, nodes. Overlay: progress, previews,
 * the wire that is dragged, the marquee.
 */
import { t } from "../i18n";
import { drawDots, drawGroups } from "./backdrop";
import { Camera, type Rect } from "./camera";
import { drawComparison } from "./comparison";
import { drawBlocks, drawLive, drawNode, drawProgress, type Env, lodOf, type WidgetPainter } from "./drawnode";
import { hottest } from "./forecast";
import type { Layer, Scene } from "./scene";
import { Sheet } from "./sheet";
import { drawWires } from "./wires";

/** Progress and previews repaint at most this often. */
const OVERLAY_MS = 100;
const GLIDE_MS = 140;

export type OverlayPart = (env: Env) => void;

export class Renderer {
  readonly camera = new Camera();
  /** Frames drawn since the page was opened. */
  readonly frames = { world: 0, overlay: 0 };
  /** Called after every frame of the world. */
  readonly watchers = new Set<() => void>();
  /** What the running gesture draws on top. */
  gesture: OverlayPart | null = null;
  /** What the pointer rests on, explained. */
  hover: OverlayPart | null = null;
  onCamera: () => void = () => undefined;
  private readonly world: CanvasRenderingContext2D;
  private readonly overlay: CanvasRenderingContext2D;
  private dirty = { world: true, overlay: true };
  private frame = 0;
  private timer = 0;
  private lastOverlay = 0;
  private readonly sheet = new Sheet();
  /** Only the camera has moved since the last frame, and at what scale that was. */
  private onlyMoved = false;
  private lastScale = 0;
  private blank = false;
  private scene: Scene | null = null;

  constructor(
    readonly host: HTMLElement,
    private readonly painter: WidgetPainter,
  ) {
    this.world = layer(host, "world");
    this.overlay = layer(host, "overlay");
    new ResizeObserver(() => {
      this.resize();
    }).observe(host);
    this.resize();
  }

  attach(scene: Scene): void {
    this.scene = scene;
    this.ask("world");
  }

  /** Ask for a layer to be drawn; `calm` groups frequent requests of running nodes. */
  ask(which: Layer, calm = false): void {
    this.dirty[which] = true;
    if (which === "world") this.onlyMoved = false;
    // What is drawn on the overlay stands on nodes, so it follows every change of the world.
    if (which === "world") this.dirty.overlay = true;
    const wait = calm ? OVERLAY_MS - (performance.now() - this.lastOverlay) : 0;
    if (wait <= 0) this.request();
    else if (!this.timer) this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.request();
    }, wait);
  }

  /** Tell that the camera moved. */
  moved(): void {
    const { onlyMoved } = this;
    this.ask("world");
    this.onlyMoved = onlyMoved;
    this.onCamera();
  }

  /** Show a rectangle, gliding there unless motion is unwanted. */
  frameRect(rect: Rect, glide = true, limit = 1): void {
    const to = this.camera.framing(rect, limit);
    const still = !glide || matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still) {
      Object.assign(this.camera, to);
      this.moved();
    } else this.glide(to);
  }

  private glide(to: { x: number; y: number; scale: number }): void {
    const { x, y, scale } = this.camera;
    const start = performance.now();
    const step = (now: number): void => {
      const t = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
      const k = 1 - (1 - t) ** 3;
      this.camera.scale = scale * (to.scale / scale) ** k;
      this.camera.x = x + (to.x - x) * k;
      this.camera.y = y + (to.y - y) * k;
      this.moved();
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  private request(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private resize(): void {
    const { clientWidth: w, clientHeight: h } = this.host;
    const ratio = window.devicePixelRatio || 1;
    this.camera.width = Math.max(1, w);
    this.camera.height = Math.max(1, h);
    for (const { canvas } of [this.world, this.overlay]) {
      this.onlyMoved = false;
      this.blank = false;
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    // A resized canvas is blank until drawn; drawing at once avoids a flash.
    this.dirty = { world: true, overlay: true };
    this.draw();
    this.onCamera();
  }

  private draw(): void {
    const { scene } = this;
    if (!scene) return;
    if (this.dirty.world) this.drawWorld(scene);
    if (this.dirty.overlay) this.drawOverlay(scene);
    this.dirty = { world: false, overlay: false };
  }

  private begin(ctx: CanvasRenderingContext2D, scene: Scene, camera = this.camera): Env {
    const { painter } = this;
    const ratio = window.devicePixelRatio || 1;
    const k = ratio * camera.scale;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.setTransform(k, 0, 0, k, -camera.x * k, -camera.y * k);
    return { ctx, scene, theme: scene.theme, camera, painter, lod: lodOf(camera.scale) };
  }

  private drawWorld(scene: Scene): void {
    scene.refresh();
    const { camera, onlyMoved } = this;
    const panned = onlyMoved && this.lastScale === camera.scale;
    if (!onlyMoved) this.sheet.clear();
    if (panned && lodOf(camera.scale) === "block") {
      this.sheet.show(this.world, camera, window.devicePixelRatio || 1, (ctx, wide) => {
        this.paintWorld(this.begin(ctx, scene, wide));
      });
    } else this.paintWorld(this.begin(this.world, scene));
    this.onlyMoved = true;
    this.lastScale = camera.scale;
    this.frames.world++;
    for (const watcher of this.watchers) watcher();
  }

  private paintWorld(env: Env): void {
    if (env.scene.forecast.heat !== null) env.hottest = hottest(env);
    const { ctx, scene, camera } = env;
    drawDots(env);
    drawGroups(env);
    drawWires(ctx, scene, camera);
    const boxes = scene.visible(camera.view);
    if (env.lod === "block") drawBlocks(env, boxes);
    else for (const box of boxes) drawNode(env, box);
    const comparison = scene.comparisons?.get(scene.doc.subgraph);
    if (comparison) drawComparison(env, comparison);
  }

  private drawOverlay(scene: Scene): void {
    const marked = scene.markedBoxes();
    const part = this.gesture ?? this.hover;
    const { overlays } = scene.plugged;
    const empty = marked.length === 0 && !part && overlays.size === 0;
    // An empty layer that is empty already costs a frame all the same.
    if (empty && this.blank) return;
    this.blank = empty;
    const env = this.begin(this.overlay, scene);
    for (const box of marked) {
      drawProgress(env, box);
      if (!box.collapsed) drawLive(env, box);
    }
    for (const overlay of overlays) overlay(env);
    part?.(env);
    this.frames.overlay++;
    this.lastOverlay = performance.now();
  }
}

function layer(host: HTMLElement, name: string): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.className = `layer ${name}`;
  canvas.setAttribute("aria-hidden", "true");
  host.append(canvas);
  const context = canvas.getContext("2d");
  if (!context) throw new Error(t("This browser cannot draw on a canvas; use a current Chromium, Firefox or Safari."));
  return context;
}
