/**
 * Instances in step with the document: one for each node of the shown level, told of what changed.
 *
 * Invariant: after every change of the document each node has its instance, and the callbacks that
 * scripts know have been called: added, removed, wired, configured, fields set.
 */
import type { Change } from "../model/document";
import { type Key, keyOf, type Link, type RawNode } from "../model/workflow";
import { faceOf } from "./links";
import { LGraphNode } from "./node";
import type { NodeClass, Page } from "./page";

/** Sides of a wire, as callbacks name them. */
const [INPUT, OUTPUT] = [1, 2];
/** Scripts that answer each edit with another one are stopped after so many. */
const MOST_ROUNDS = 20;

export class Sync {
  private links = new Map<Key, Link>();
  private shown: unknown = null;
  private readonly selected = new Set<LGraphNode>();

  constructor(private readonly page: Page) {}

  /** Bring all into step; `loaded` after a workflow was opened rather than edited. */
  run(loaded: boolean): void {
    // Scripts that edit in a callback bring on the next round, not one inside this one.
    this.again = true;
    if (this.running) return;
    this.running = true;
    try {
      for (let rounds = 0; this.again && rounds < MOST_ROUNDS; rounds++) {
        this.again = false;
        this.round(loaded && rounds === 0);
      }
    } finally {
      this.running = false;
    }
  }

  private round(loaded: boolean): void {
    const { page } = this;
    const { doc } = page;
    const before = page.nodes;
    page.nodes = doc.raw.nodes.map((raw) => this.instance(raw, loaded));
    const alive = new Set(page.nodes);
    for (const node of before) {
      if (alive.has(node) || loaded) continue;
      node.settled = false;
      page.call(node, "onRemoved");
      page.call(page.graph, "onNodeRemoved", node);
    }
    this.wire(loaded);
    for (const node of page.nodes) for (const field of node.fields()) field.notice();
  }

  private running = false;
  private again = false;

  /** A change of the document: nodes and wires that came or went, or fields that were set. */
  follow(change: Change): void {
    if (change.structure) this.run(false);
    else for (const key of change.nodes) for (const field of this.page.node(key)?.fields() ?? []) field.notice();
  }

  /** True if another document or level is shown than the last time. */
  moved(): boolean {
    const { doc } = this.page;
    if (this.shown === doc) return false;
    this.shown = doc;
    return true;
  }

  private instance(raw: RawNode, loaded: boolean): LGraphNode {
    const { page } = this;
    const known = page.instances.get(raw);
    if (known) return known;
    const expected = page.graph.expected(raw);
    const node = expected ?? this.make(raw);
    const fresh = expected !== null || !loaded;
    node.raw = raw;
    node.settled = true;
    page.instances.set(raw, node);
    page.quiet++;
    for (const field of node.fields()) field.settle(fresh && expected !== null);
    page.quiet--;
    node.touch();
    page.call(node, "onAdded", page.graph);
    page.call(page.graph, "onNodeAdded", node);
    if (expected === null) {
      page.call(node, "onConfigure", structuredClone(raw));
      if (loaded) page.gather("loadedGraphNode", node, page.comfy);
    }
    return node;
  }

  /** An instance for a node of the file: made as a new one, its JSON is put under it afterwards. */
  private make(raw: RawNode): LGraphNode {
    const { page } = this;
    const made: NodeClass = page.types.get(raw.type) ?? (LGraphNode as unknown as NodeClass);
    const node = page.guard(raw.type, () => new made(raw.title)) ?? new LGraphNode();
    node.raw.type = raw.type;
    page.fill(node);
    page.call(node, "onNodeCreated");
    page.gather("nodeCreated", node, page.comfy);
    return node;
  }

  /** Tell both ends of every wire that came or went. */
  private wire(loaded: boolean): void {
    const { page } = this;
    const now = new Map(page.doc.links().map((link) => [keyOf(link.id), link]));
    const before = this.links;
    this.links = now;
    if (loaded) return;
    for (const [key, link] of before) if (!now.has(key)) this.tell(link, false);
    for (const [key, link] of now) if (!before.has(key)) this.tell(link, true);
  }

  private tell(link: Link, connected: boolean): void {
    const { page } = this;
    const face = faceOf(page, link);
    const [from, to] = [page.node(link.from), page.node(link.to)];
    if (to) page.call(to, "onConnectionsChange", INPUT, link.toSlot, connected, face, to.inputs[link.toSlot]);
    if (from) page.call(from, "onConnectionsChange", OUTPUT, link.fromSlot, connected, face, from.outputs[link.fromSlot]);
  }

  /** Tell nodes that they were selected or no longer are. */
  select(): void {
    const { page } = this;
    const now = new Set([...page.app.scene.selection].flatMap((key) => page.node(key) ?? []));
    for (const node of this.selected) {
      if (now.has(node)) continue;
      this.selected.delete(node);
      page.call(node, "onDeselected");
    }
    for (const node of now) {
      if (this.selected.has(node)) continue;
      this.selected.add(node);
      page.call(node, "onSelected");
    }
  }
}
