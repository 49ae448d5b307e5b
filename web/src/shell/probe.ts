/**
 * `window.__loom`: what tests and measurements may look at. Documented in docs/canvas.md.
 *
 * It reads only; the page behaves the same without it.
 */
import { cloneJson } from "../model/json";
import type { App } from "./app";

export interface Probe {
  /** True once fonts, node types and the first view have settled. */
  ready(): boolean;
  /** Frames drawn so far; equal readings a second apart prove that the page is idle. */
  frames(): { world: number; overlay: number };
  /** A copy of the document. */
  workflow(): unknown;
  /** Node types known so far. */
  specs(): number;
  /** Page coordinates of a socket or a widget's middle; null if it is not there. */
  socket(node: string, side: "input" | "output", name: string): { x: number; y: number } | null;
  widget(node: string, name: string): { x: number; y: number } | null;
  /** Page rectangle of a node. */
  node(node: string): { x: number; y: number; w: number; h: number } | null;
  /** What a run left on a node. */
  mark(node: string): { state: string; images: readonly string[]; texts: readonly string[]; errors: readonly string[]; live: boolean };
  /** What the next run would do with a node; null if that is not known. */
  prospect(node: string): { fate: string; reasons: readonly string[] } | null;
  selection(): string[];
}

/** Install the probe; the returned function says that the page is ready. */
export function installProbe(app: App): () => void {
  let ready = false;
  const { scene, renderer } = app;
  const toPage = (x: number, y: number): { x: number; y: number } => {
    const rect = renderer.host.getBoundingClientRect();
    const at = renderer.camera.toScreen({ x, y });
    return { x: at.x + rect.left, y: at.y + rect.top };
  };
  const boxOf = (key: string): ReturnType<typeof scene.boxes.get> => {
    scene.refresh();
    return scene.boxes.get(key);
  };
  const probe: Probe = {
    ready: () => ready,
    frames: () => ({ ...renderer.frames }),
    workflow: () => cloneJson(scene.doc.raw),
    specs: () => scene.specs.size,
    socket: (node, side, name) => {
      const box = boxOf(node);
      const found = box?.sockets.find((s) => s.side === side && s.socket.name === name);
      return box && found ? toPage(box.x + found.x, box.y + found.y) : null;
    },
    widget: (node, name) => {
      const box = boxOf(node);
      const row = box?.widgets.find((r) => r.widget.name === name);
      return box && row ? toPage(box.x + row.rect.x + row.rect.w / 2, box.y + row.rect.y + row.rect.h / 2) : null;
    },
    node: (node) => {
      const box = boxOf(node);
      const { scale } = renderer.camera;
      return box ? { ...toPage(box.x, box.y), w: box.w * scale, h: box.h * scale } : null;
    },
    mark: (node) => {
      const mark = scene.mark(node);
      const errors = mark.errors.map((error) => error.text);
      return { state: mark.state, images: mark.images, texts: mark.texts, errors, live: mark.live !== null };
    },
    prospect: (node) => scene.forecast.of(scene.path + node),
    selection: () => [...scene.selection],
  };
  Object.assign(window, { __loom: probe });
  return () => {
    ready = true;
  };
}
