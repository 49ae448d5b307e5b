/** The canvas as scripts of the ComfyUI page know it: view, selection, and the pointer. */
import { keyOf } from "../model/workflow";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";
import { ui } from "../shell/ui";

export class CanvasFace {
  [key: string]: unknown;
  readonly ds: Loose;
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D | null;
  node_widget: unknown = null;
  last_mouse: [number, number] = [0, 0];
  read_only = false;
  allow_dragcanvas = true;
  allow_interaction = true;
  show_info = false;

  constructor(private readonly page: Page) {
    const { renderer } = page.app;
    const { camera } = renderer;
    this.canvas = renderer.host.querySelector<HTMLCanvasElement>("canvas.world") ?? document.createElement("canvas");
    this.ctx = this.canvas.getContext("2d");
    const moved = (): void => { renderer.moved(); };
    // There a point is shown at (p + offset) * scale, here at (p - origin) * scale.
    const offset = new Proxy<[number, number]>([0, 0], {
      get: (pair, key) => (key === "0" ? -camera.x : key === "1" ? -camera.y : Reflect.get(pair, key)) as unknown,
      set: (_, key, value) => {
        if (key === "0") camera.x = -Number(value);
        if (key === "1") camera.y = -Number(value);
        moved();
        return true;
      },
    });
    this.ds = {
      get scale() { return camera.scale; },
      set scale(scale: number) {
        camera.scale = scale;
        moved();
      },
      get offset() { return offset; },
      set offset(pair: [number, number]) { [camera.x, camera.y] = [-pair[0], -pair[1]]; moved(); },
      get visible_area() { const { x, y, w, h } = camera.view; return [x, y, w, h]; },
      changeScale: (scale: number) => {
        camera.zoomAt({ x: camera.width / 2, y: camera.height / 2 }, scale / camera.scale);
        moved();
      },
      reset: () => { page.app.workspace.frame(undefined, false); },
      convertCanvasToOffset: ([x, y]: [number, number]) => [x / camera.scale + camera.x, y / camera.scale + camera.y],
      convertOffsetToCanvas: ([x, y]: [number, number]) => [(x - camera.x) * camera.scale, (y - camera.y) * camera.scale],
    };
    Object.defineProperty(this, "page", { enumerable: false });
  }

  get graph(): unknown { return this.page.graph; }
  get graph_mouse(): [number, number] {
    const { x, y } = this.page.app.renderer.camera.toWorld(this.page.app.workspace.pointer);
    return [x, y];
  }
  get mouse(): [number, number] {
    const { x, y } = this.page.app.workspace.pointer;
    return [x, y];
  }
  get selected_nodes(): Record<string, LGraphNode> {
    return Object.fromEntries(this.chosen().map((node) => [keyOf(node.id), node]));
  }
  get selectedItems(): Set<LGraphNode> { return new Set(this.chosen()); }
  get current_node(): LGraphNode | null { return this.chosen()[0] ?? null; }
  get node_over(): LGraphNode | null { return this.page.node(this.page.app.scene.hoverNode ?? "") ?? null; }
  private chosen(): LGraphNode[] {
    return this.page.app.workspace.selected().flatMap((key) => this.page.node(key) ?? []);
  }

  setDirty(): void { this.page.redraw(); }
  draw(): void { this.page.redraw(); }
  setGraph(): void { this.page.redraw(); }
  resize(): void { this.page.redraw(); }
  selectNode(node: LGraphNode | null, add = false): void {
    const before = add ? this.page.app.workspace.selected() : [];
    this.page.app.workspace.select(node ? [...before, keyOf(node.id)] : before);
  }
  selectNodes(nodes?: Iterable<LGraphNode>): void {
    this.page.app.workspace.select([...(nodes ?? this.page.nodes)].map((node) => keyOf(node.id)));
  }
  select(node: LGraphNode): void { this.selectNode(node, true); }
  selectItems(nodes: Iterable<LGraphNode>): void { this.selectNodes(nodes); }
  deselectNode(node: LGraphNode): void {
    this.page.app.workspace.select(this.page.app.workspace.selected().filter((key) => key !== keyOf(node.id)));
  }
  deselectAllNodes(): void { this.page.app.workspace.select([]); }
  deselectAll(): void { this.page.app.workspace.select([]); }
  deleteSelectedNodes(): void { this.page.app.commands.run("delete"); }
  deleteSelected(): void { this.page.app.commands.run("delete"); }
  copyToClipboard(): void { this.page.app.commands.run("copy"); }
  pasteFromClipboard(): void { this.page.app.commands.run("paste"); }
  centerOnNode(node: LGraphNode): void { this.page.app.workspace.frame([keyOf(node.id)]); }
  fitViewToSelectionAnimated(): void { this.page.app.commands.run("fit-selection"); }
  animateToBounds(): void { this.page.app.commands.run("fit"); }
  bringToFront(): void { /* The selection is drawn on top. */ }
  sendToBack(): void { /* See bringToFront. */ }
  adjustMouseEvent(event: Loose): void { [event["canvasX"], event["canvasY"]] = this.convertEventToCanvasOffset(event as unknown as MouseEvent); }
  convertEventToCanvasOffset(event: MouseEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    const { x, y } = this.page.app.renderer.camera.toWorld({ x: event.clientX - box.left, y: event.clientY - box.top });
    return [x, y];
  }
  isOverNodeBox(): boolean { return false; }

  /** Ask for one value; the answer goes to `done`. */
  prompt(title: string, value: unknown, done: (value: string) => void): void {
    const typed = window.prompt(title, String(value));
    if (typed !== null) done(typed);
  }
  closePanels(): void { ui.panel.value = null; }
}
