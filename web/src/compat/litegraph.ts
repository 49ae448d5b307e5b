/** The object `LiteGraph` of scripts, and the classes that stand beside it as globals. */
import { HEADER, ROW, SLOT } from "../canvas/layout";
import { compatible } from "../model/types";
import type { NodeSpec } from "../model/schema";
import type { Json } from "../model/json";
import { type MenuLine, ui } from "../shell/ui";
import type { LGraphNode } from "./node";
import type { Loose, NodeClass, Page } from "./page";

/** One line of a menu, as scripts write it; null is a rule. */
type Line = Loose | string | null;

/** What a line leads to: a choice, or more lines. */
function menuLine(page: Page, line: Exclude<Line, null>, options: Loose, at: { x: number; y: number }): MenuLine {
  const entry: Loose = typeof line === "string" ? { content: line } : line;
  const under = (entry["submenu"] as Loose | undefined)?.["options"];
  const run = (): void => {
    if (Array.isArray(under)) {
      openMenu(page, under as Line[], options, at);
      return;
    }
    const own = entry["callback"] ?? options["callback"];
    if (typeof own === "function") {
      page.guard(String(entry["content"]), () => (own as (...all: unknown[]) => unknown).call(entry, typeof line === "string" ? line : entry, options, options["event"], null, options["extra"] ?? options["node"]));
    }
  };
  return { title: textOf(String(entry["content"] ?? entry["title"] ?? "")), enabled: entry["disabled"] !== true, run: () => { queueMicrotask(run); } };
}

/** Menus there are HTML; here they are words. */
function textOf(html: string): string {
  return new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
}

/** Lines of scripts as lines of this page's menus. */
export function menuLines(page: Page, lines: readonly Line[], options: Loose, at: { x: number; y: number }): (MenuLine | null)[] {
  return lines.filter((line) => line !== undefined).map((line) => (line === null ? null : menuLine(page, line, options, at)));
}

function openMenu(page: Page, lines: readonly Line[], options: Loose, at: { x: number; y: number }): void {
  ui.menu.value = { at, lines: menuLines(page, lines, options, at) };
}

/** `new LiteGraph.ContextMenu(lines, options)` opens a menu of this page. */
export function contextMenuClass(page: Page): unknown {
  return class ContextMenu {
    root = document.createElement("div");
    constructor(lines: readonly Line[], options: Loose = {}) {
      const event = options["event"] as MouseEvent | undefined;
      const box = page.app.renderer.host.getBoundingClientRect();
      const at = event ? { x: event.clientX - box.left, y: event.clientY - box.top } : page.app.workspace.pointer;
      openMenu(page, lines, options, at);
    }
    close(): void { ui.menu.value = null; }
  };
}

/** A frame around nodes, made by a script and put into the graph by `graph.add`. */
export class LGraphGroup {
  [key: string]: unknown;
  bounding: number[] = [10, 10, 140, 80];
  constructor(public title = "Group") {}
  get pos(): number[] { return this.bounding.slice(0, 2); }
  set pos([x = 0, y = 0]: number[]) { [this.bounding[0], this.bounding[1]] = [x, y]; }
  get size(): number[] { return this.bounding.slice(2); }
  set size([w = 140, h = 80]: number[]) { [this.bounding[2], this.bounding[3]] = [w, h]; }
  resizeTo(nodes: Iterable<LGraphNode>, padding = 10): void {
    const boxes = [...nodes].map((node) => node.getBounding());
    const left = Math.min(...boxes.map(([x]) => x)) - padding;
    const top = Math.min(...boxes.map(([, y]) => y)) - padding - HEADER;
    const right = Math.max(...boxes.map(([x, , w]) => x + w)) + padding;
    const bottom = Math.max(...boxes.map(([, y, , h]) => y + h)) + padding;
    this.bounding = [left, top, right - left, bottom - top];
  }
}

/** The spec of a type that only a script knows, read off a node of it. */
export function specOf(type: string, made: NodeClass, sample: LGraphNode): NodeSpec {
  const slots = (list: readonly { name: string; type: Json }[]): { name: string; type: string }[] =>
    list.map((slot) => ({ name: slot.name, type: String(slot.type as string) }));
  return {
    type,
    title: String(made["title"] || type),
    category: String(made["category"] || "extensions"),
    description: String(made["desc"] ?? made["description"] ?? ""),
    inputs: slots(sample.inputs).map((slot) => ({ ...slot, required: false, widget: null, choices: [], options: {} })),
    outputs: slots(sample.outputs).map((slot) => ({ ...slot, list: false })),
    isOutput: false,
    virtual: true,
    deprecated: false,
    aliases: [],
  };
}

export function makeLiteGraph(page: Page, LGraphNodeClass: unknown): Loose {
  const { theme } = page.app.scene;
  const lite: Loose = {
    VERSION: 0.4,
    CANVAS_GRID_SIZE: 10, NODE_TITLE_HEIGHT: HEADER, NODE_TITLE_TEXT_Y: 20, NODE_SLOT_HEIGHT: SLOT, NODE_WIDGET_HEIGHT: ROW,
    NODE_WIDTH: 140, NODE_MIN_WIDTH: 50, NODE_COLLAPSED_RADIUS: 10, NODE_COLLAPSED_WIDTH: 80, NODE_TEXT_SIZE: 14, NODE_SUBTEXT_SIZE: 12,
    NODE_DEFAULT_SHAPE: 2, DEFAULT_GROUP_FONT: 24, DEFAULT_SHADOW_COLOR: "rgba(0,0,0,0.5)",
    NODE_TITLE_COLOR: theme.text, NODE_SELECTED_TITLE_COLOR: theme.text, NODE_TEXT_COLOR: theme.text2, NODE_TEXT_HIGHLIGHT_COLOR: theme.text,
    NODE_DEFAULT_COLOR: theme.field, NODE_DEFAULT_BGCOLOR: theme.node, NODE_DEFAULT_BOXCOLOR: theme.text3,
    WIDGET_BGCOLOR: theme.field, WIDGET_OUTLINE_COLOR: theme.border, WIDGET_TEXT_COLOR: theme.text, WIDGET_SECONDARY_TEXT_COLOR: theme.text3,
    LINK_COLOR: theme.text2, EVENT_LINK_COLOR: theme.accent, CONNECTING_LINK_COLOR: theme.accent,
    INPUT: 1, OUTPUT: 2, EVENT: -1, ACTION: -1, BOX_SHAPE: 1, ROUND_SHAPE: 2, CIRCLE_SHAPE: 3, CARD_SHAPE: 4, ARROW_SHAPE: 5, GRID_SHAPE: 6,
    ALWAYS: 0, ON_EVENT: 1, NEVER: 2, ON_TRIGGER: 3, UP: 1, DOWN: 2, LEFT: 3, RIGHT: 4, CENTER: 5, STRAIGHT_LINK: 0, LINEAR_LINK: 1, SPLINE_LINK: 2,
    NORMAL_TITLE: 0, NO_TITLE: 1, TRANSPARENT_TITLE: 2, AUTOHIDE_TITLE: 3,
    vueNodesMode: false, alt_drag_do_clone_nodes: false, use_uuids: false, proxy: null,
    slot_types_in: [], slot_types_out: [], slot_types_default_in: {}, slot_types_default_out: {},
    registered_slot_in_types: {}, registered_slot_out_types: {}, Nodes: {}, searchbox_extras: {},
    LGraphNode: LGraphNodeClass, LGraphGroup, ContextMenu: contextMenuClass(page),
    get registered_node_types() { return Object.fromEntries(page.types); },
    createNode: (type: string, title?: string, options: object = {}) => {
      const node = page.graph.make(type, title);
      return node && Object.assign(node, options);
    },
    getNodeType: (type: string) => page.types.get(type),
    isValidConnection: (from: unknown, to: unknown) => compatible(from as Json, to as Json),
    getTime: () => performance.now(),
    cloneObject: (value: unknown) => structuredClone(value),
    uuidv4: () => crypto.randomUUID(),
    closeAllContextMenus: () => { ui.menu.value = null; },
    distance: ([ax, ay]: [number, number], [bx, by]: [number, number]) => Math.hypot(ax - bx, ay - by),
    isInsideRectangle: (x: number, y: number, left: number, top: number, w: number, h: number) => x > left && x < left + w && y > top && y < top + h,
    overlapBounding: ([ax = 0, ay = 0, aw = 0, ah = 0]: number[], [bx = 0, by = 0, bw = 0, bh = 0]: number[]) => ax <= bx + bw && bx <= ax + aw && ay <= by + bh && by <= ay + ah,
  };
  lite["registerNodeType"] = (type: string, made: NodeClass): void => { register(page, type, made); };
  lite["unregisterNodeType"] = (type: string): void => { page.types.delete(type); };
  return lite;
}

/** A node type that only the page knows; one of the server or of this canvas keeps its spec. */
function register(page: Page, type: string, made: NodeClass): void {
  made["type"] = type;
  made["title"] ||= type;
  made["category"] ||= type.includes("/") ? type.slice(0, type.lastIndexOf("/")) : "extensions";
  page.types.set(type, made);
  if (page.app.scene.specs.has(type)) return;
  const sample = page.guard(type, () => new made());
  if (!sample) return;
  page.call(sample, "onNodeCreated");
  page.app.amendSpecs((specs) => { specs.set(type, specOf(type, made, sample)); });
}
