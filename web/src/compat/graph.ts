/** The graph as scripts of the ComfyUI page know it: the level that is on the canvas. */
import { HEADER, naturalSize } from "../canvas/layout";
import { removeNodes } from "../model/actions";
import { addGroup } from "../model/groups";
import { takeNodeId } from "../model/ids";
import type { Json, JsonObject } from "../model/json";
import { inOrder } from "../model/prompt";
import { groupsOf, type Id, keyOf, posOf, type RawNode } from "../model/workflow";
import { asJson, live } from "./live";
import { linkTable } from "./links";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";

export class GraphFace {
  [key: string]: unknown;
  readonly links: object;
  /** What `add` is about to put into the document, so that it is not taken for one of a file. */
  private coming: LGraphNode | null = null;

  constructor(private readonly page: Page) {
    this.links = linkTable(page);
    Object.defineProperty(this, "page", { enumerable: false });
  }

  get _nodes(): LGraphNode[] { return this.page.nodes; }
  get nodes(): LGraphNode[] { return this.page.nodes; }
  get _nodes_by_id(): Record<string, LGraphNode> { return Object.fromEntries(this.page.nodes.map((node) => [keyOf(node.id), node])); }
  get _nodes_in_order(): LGraphNode[] { return this.computeExecutionOrder(); }
  get _groups(): Loose[] { return this.groups; }
  get groups(): Loose[] {
    const { doc } = this.page;
    const all = doc.raw["groups"];
    return groupsOf(doc.raw).map((group) => live(group, {
      path: () => ["groups", Array.isArray(all) ? all.indexOf(group) : -1],
      edit: (run) => { this.page.edit("Extension", run); },
    }));
  }
  get extra(): Loose {
    const { doc } = this.page;
    const ground = { path: () => ["extra"], edit: (run: Parameters<Page["edit"]>[1]) => { this.page.edit("Extension", run); } };
    if (typeof doc.raw["extra"] !== "object" || doc.raw["extra"] === null) ground.edit((edit) => { edit.set(["extra"], {}); });
    return live(doc.raw["extra"] as JsonObject, ground);
  }
  get id(): Json { return this.page.doc.raw["id"] ?? null; }
  get rootGraph(): this { return this; }
  get isRootGraph(): boolean { return this.page.app.scene.path === ""; }
  get last_node_id(): Json { return this.page.doc.raw["last_node_id"] ?? 0; }
  get last_link_id(): Json { return this.page.doc.raw["last_link_id"] ?? 0; }
  get version(): number { return this.page.doc.changes; }
  get _version(): number { return this.version; }

  getNodeById(id: Id | null | undefined): LGraphNode | null {
    return id == null ? null : (this.page.node(keyOf(id)) ?? null);
  }
  findNodesByType(type: string): LGraphNode[] { return this.page.nodes.filter((node) => node.type === type); }
  findNodesByClass(made: unknown): LGraphNode[] { return this.page.nodes.filter((node) => node.constructor === made); }
  findNodesByTitle(title: string): LGraphNode[] { return this.page.nodes.filter((node) => node.title === title); }
  findNodeByTitle(title: string): LGraphNode | null { return this.findNodesByTitle(title)[0] ?? null; }
  getNodeOnPos(x: number, y: number): LGraphNode | null {
    return this.page.nodes.findLast((node) => node.isPointInside(x, y)) ?? null;
  }
  getGroupOnPos(x: number, y: number): Loose | null {
    return this.groups.findLast((group) => {
      const [left = 0, top = 0, w = 0, h = 0] = group["bounding"] as number[];
      return x >= left && y >= top && x <= left + w && y <= top + h;
    }) ?? null;
  }
  computeExecutionOrder(): LGraphNode[] {
    return inOrder(this.page.doc).flatMap((raw) => this.page.instances.get(raw) ?? []);
  }
  updateExecutionOrder(): void { /* The order is derived whenever it is needed. */ }

  /** A node that is in no document yet; null for an unknown type. */
  make(type: string, title?: string): LGraphNode | null {
    const { page } = this;
    const made = page.types.get(type);
    if (!made) return null;
    const node = page.guard(type, () => new made(title ?? String(made["title"] || type)));
    if (!node) return null;
    const spec = page.app.scene.specs.get(type);
    node.raw.type = type;
    if (title === undefined) delete node.raw.title;
    if (spec) node.raw["size"] = [...naturalSize(spec)];
    page.fill(node);
    page.call(node, "onNodeCreated");
    page.gather("nodeCreated", node, page.comfy);
    return node;
  }

  add(node: LGraphNode | Loose): unknown {
    const { page } = this;
    if (!("raw" in node)) return this.addGroup(node);
    const made = node as LGraphNode;
    if (made.settled) return made;
    page.edit("Add node", (edit) => {
      made.raw.id = takeNodeId(edit, page.doc.raw);
      this.coming = made;
      edit.push(["nodes"], made.raw);
    });
    page.settle();
    return made;
  }

  /** The instance that `add` waits for. */
  expected(raw: RawNode): LGraphNode | null {
    const made = this.coming && keyOf(this.coming.id) === keyOf(raw.id) ? this.coming : null;
    if (made) this.coming = null;
    return made;
  }

  private addGroup(group: Loose): Loose {
    const [x = 0, y = 0, w = 400, h = 240] = (group["bounding"] ?? []) as number[];
    addGroup(this.page.doc, [x, y, w, h]);
    const made = this.groups.at(-1);
    if (made && typeof group["title"] === "string") made["title"] = group["title"];
    return made ?? group;
  }

  remove(node: LGraphNode): void {
    if (node.settled) removeNodes(this.page.doc, [keyOf(node.id)]);
  }

  /** The JSON of the level, with what scripts add to nodes and graph when it is saved. */
  serialize(): JsonObject {
    const copy = structuredClone(this.page.doc.raw) as JsonObject;
    copy["nodes"] = this.page.doc.raw.nodes.map((raw) => this.page.instances.get(raw)?.serialize() ?? structuredClone(raw));
    copy["extra"] ??= {};
    this.page.call(this, "onSerialize", copy);
    return copy;
  }
  asSerialisable(): JsonObject { return this.serialize(); }

  clear(): void {
    removeNodes(this.page.doc, this.page.doc.raw.nodes.map((node) => keyOf(node.id)));
  }
  configure(data: unknown): void { void this.page.call(this.page.comfy, "loadGraphData", asJson(data)); }
  setDirtyCanvas(): void { this.page.redraw(); }
  change(): void { this.page.redraw(); }
  beforeChange(): void { this.page.doc.endGesture(); }
  afterChange(): void { this.page.doc.endGesture(); }
  arrange(): void { this.page.app.commands.run("arrange"); }
  attachCanvas(): void { /* There is one canvas, and it is attached. */ }
  isLive(): boolean { return false; }
}

/** Where the body of a node begins, in units of the canvas: the origin of what scripts draw. */
export const bodyOf = (raw: RawNode): [number, number] => posOf(raw);
export const TITLE_HEIGHT = HEADER;
