/**
 * The scene: everything the canvas shows, kept in step with the document.
 *
 * Invariant: after `refresh` there is one box per node, laid out for its present JSON. Only nodes
 * that a patch or a mark touched are laid out again, so undo and runs never rebuild the rest.
 */
import type { Comparison } from "./comparison";
import { INPUTS, isBoundary, OUTPUTS } from "../model/boundary";
import { type Change, definitionPaths, type Document } from "../model/document";
import type { Specs } from "../model/schema";
import { withSubgraphs } from "../model/subgraphspec";
import { hasUpload, readWidget } from "../model/widgets";
import { looseWires } from "../model/floating";
import type { Json } from "../model/json";
import { type Presentation, presentationOf } from "../model/presentation";
import { chainOf, type Reroute, reroutesOf, wireParents } from "../model/reroutes";
import { type Key, keyOf, type Link } from "../model/workflow";
import { around, overlaps, type Rect, type Vec } from "./camera";
import { type Curve, curvesThrough, grown, type LinkStyle } from "./curves";
import { Grid } from "./grid";
import { heightOf, type Images, type Picture, sheetAspect, widthOf } from "./images";
import { Forecast } from "./forecast";
import { fitPreview, layoutNode, type Medium, type NodeBox, type SocketBox } from "./layout";
import { Plugged } from "./plugged";
import type { Theme } from "./theme";

export type RunState = "idle" | "pending" | "running" | "done" | "cached" | "error";

/** What a run left on a node. */
export interface Mark {
  state: RunState;
  /** Steps done and steps in all; null when it does not count. */
  progress: { value: number; max: number } | null;
  /** Addresses of result pictures. */
  images: readonly string[];
  /** What it said in words. */
  texts: readonly string[];
  /** What plays: sounds, films, moving pictures. */
  media: readonly Medium[];
  /** Two pictures laid over each other, with a slider between; null for nodes that compare nothing. */
  versus: readonly [string, string] | null;
  /** The latest preview while it samples. */
  live: ImageBitmap | null;
  /** Sentences about what is wrong; by input where one is to blame. */
  errors: readonly { input: string | null; text: string }[];
  /** Milliseconds of its last run; null if it did not run since the page was opened. */
  ms: number | null;
}

/** Marks by node. They belong to a document and stay with it while another one is shown. */
export type Marks = Map<Key, Mark>;

export const NO_MARK: Mark = { state: "idle", progress: null, images: [], texts: [], media: [], versus: null, live: null, errors: [], ms: null };

const SHOWN_PICTURES = 4;

/** What the nodes inside an instance add up to. */
function rollUp(marks: readonly Mark[]): Mark {
  const some = (state: RunState): boolean => marks.some((mark) => mark.state === state);
  const ended = marks.filter((m) => m.state === "done" || m.state === "cached").length;
  const now = marks.find((mark) => mark.state === "running");
  const part = now?.progress && now.progress.max > 0 ? now.progress.value / now.progress.max : 0;
  const failed = some("error") ? "error" : some("pending") ? "pending" : some("done") ? "done" : "idle";
  const state = now || (ended > 0 && some("pending")) ? "running" : some("cached") && failed === "idle" ? "cached" : failed;
  return {
    state,
    progress: state === "running" ? { value: Math.round((ended + part) * 10) / 10, max: marks.length } : null,
    images: marks.flatMap((mark) => mark.images).slice(0, SHOWN_PICTURES),
    texts: marks.flatMap((mark) => mark.texts),
    media: marks.flatMap((mark) => mark.media).slice(0, 1),
    versus: null,
    live: now?.live ?? null,
    errors: marks.flatMap((mark) => mark.errors.map(({ text }) => ({ input: null, text }))),
    ms: marks.some((mark) => mark.ms !== null) ? marks.reduce((sum, mark) => sum + (mark.ms ?? 0), 0) : null,
  };
}

export interface Wire extends Presentation {
  key: Key;
  link: Link;
  from: NodeBox;
  to: NodeBox;
  a: SocketBox;
  b: SocketBox;
  /** The points it passes. */
  via: readonly Reroute[];
  /** One curve from point to point. */
  curves: readonly Curve[];
  bounds: Rect;
}

export type Layer = "world" | "overlay";

export class Scene {
  readonly selection = new Set<Key>();
  /** What the next run would do, if that was asked. */
  readonly forecast = new Forecast();
  readonly plugged = new Plugged();
  readonly boxes = new Map<Key, NodeBox>();
  private readonly grid = new Grid<NodeBox>();
  /** By execution id: marks of all levels are kept, whichever is shown. */
  private marks: Marks = new Map();
  private readonly rolled = new Map<Key, Mark>();
  /** Execution path of the level that is shown: "" at the root, else such as `12:34:`. */
  path = "";
  private merged: Specs | null = null;
  private base: Specs;
  private readonly wireMap = new Map<Key, Wire>();
  private wireList: Wire[] | null = null;
  /** Nodes whose wires must be laid out again; null for all of them. */
  private unwired: Set<Key> | null = null;
  private reroutes: ReadonlyMap<Key, Reroute> = new Map();
  private parents: ReadonlyMap<Key, Key> = new Map();
  /** By execution id, the picture that is shown alone. */
  private readonly pages = new Map<Key, number>();
  /** By node, where the slider between two pictures stands. */
  readonly splits = new Map<Key, number>();
  linkStyle: LinkStyle = "spline";
  /** What stands in the middle of each wire. */
  linkMark: "none" | "arrow" | "dot" = "none";
  /** Another version drawn over this one, by the level of the file. */
  comparisons: ReadonlyMap<string | null, Comparison> | null = null;
  private stale = new Set<Key>();
  private structure = true;
  private unsubscribe: () => void;
  /** Grows with every node that is laid out again, comes or goes. */
  version = 0;
  /** What the pointer is over: a wire or a node, drawn brighter. */
  hoverWire: Key | null = null;
  hoverNode: Key | null = null;

  constructor(
    public doc: Document,
    specs: Specs,
    public theme: Theme,
    readonly images: Images,
    /** Address of an uploaded picture by the value of its widget. */
    private readonly inputUrl: (value: string) => string,
    private readonly dirty: (layer: Layer) => void,
  ) {
    this.base = specs;
    this.unsubscribe = doc.onChange((change) => {
      this.onChange(change);
    });
  }

  /** Node types: those of the server, and the subgraphs of the file. */
  get specs(): Specs {
    this.merged ??= withSubgraphs(this.base, this.doc);
    return this.merged;
  }

  set specs(specs: Specs) {
    this.base = specs;
    this.merged = null;
  }

  /** True if a node is an instance of a subgraph of this file. */
  isInstance(box: NodeBox): boolean {
    return definitionPaths(this.doc.file).has(box.node.type);
  }

  /** Show another document with its marks. */
  open(doc: Document, marks: Marks = new Map()): void {
    this.marks = marks;
    this.rolled.clear();
    this.enter(doc, "");
  }

  /** Show another level of the same file; `path` leads to it. */
  enter(doc: Document, path: string): void {
    this.path = path;
    this.merged = null;
    this.unsubscribe();
    this.doc = doc;
    this.unsubscribe = doc.onChange((change) => {
      this.onChange(change);
    });
    this.selection.clear();
    for (const box of this.boxes.values()) this.grid.remove(box);
    this.boxes.clear();
    this.rebuild();
  }

  /** Lay everything out again: other specs, fonts or theme. */
  rebuild(): void {
    for (const key of this.boxes.keys()) this.stale.add(key);
    this.structure = true;
    this.dirty("world");
  }

  /** What to draw on a node of this level; an instance shows what happens inside it. */
  mark(key: Key): Mark {
    const id = this.path + key;
    return this.marks.get(id) ?? this.rolledUp(id) ?? NO_MARK;
  }

  /** The mark of an execution id, on whichever level. */
  markOf(id: Key): Mark {
    return this.marks.get(id) ?? NO_MARK;
  }

  private rolledUp(id: Key): Mark | null {
    const known = this.rolled.get(id);
    if (known) return known;
    const made = rollUp([...this.marks].filter(([other]) => other.startsWith(`${id}:`)).map(([, mark]) => mark));
    // Levels without runs would otherwise be asked again for every node and frame.
    this.rolled.set(id, made);
    return made;
  }

  /** Change what a run left on a node; only what shows on the world layer redraws it. */
  setMark(key: Key, part: Partial<Mark>): void {
    const old = this.markOf(key);
    const mark = { ...old, ...part };
    this.marks.set(key, mark);
    this.rolled.clear();
    // A first live picture makes room for itself; later ones only repaint the overlay.
    const cool = mark.ms === old.ms || this.forecast.heat === null;
    const quiet = cool && mark.state === old.state && mark.images === old.images && mark.texts === old.texts && mark.media === old.media && mark.errors === old.errors;
    if (quiet && (mark.live === null) === (old.live === null)) this.dirty("overlay");
    else if (key.startsWith(this.path)) this.touch(key.slice(this.path.length).split(":")[0] ?? "");
  }

  /** Execution ids of all levels that have a mark. */
  markedKeys(): Key[] {
    return [...this.marks.keys()];
  }

  /** Nodes of the shown level that have a mark, their own or from inside. */
  markedBoxes(): NodeBox[] {
    const here = this.markedKeys().filter((id) => id.startsWith(this.path));
    const keys = new Set(here.map((id) => id.slice(this.path.length).split(":")[0] ?? ""));
    return [...keys].flatMap((key) => this.boxes.get(key) ?? []);
  }

  /** Lay a node out again before the next frame. */
  touch(key: Key): void {
    this.stale.add(key);
    this.dirty("world");
  }

  /** Nodes that show a picture from this address; called when it has loaded. */
  touchPicture(url: string): void {
    for (const box of this.boxes.values()) {
      if (this.pictureUrls(box).includes(url)) this.touch(box.key);
    }
  }

  /** Bring boxes and wires up to date; cheap when nothing changed. */
  refresh(): void {
    if (this.structure) this.sweep();
    for (const key of this.stale) this.relayout(key);
    this.stale.clear();
  }

  wires(): readonly Wire[] {
    this.refresh();
    if (this.unwired === null) this.layoutWires();
    else for (const key of this.unwired) for (const link of this.doc.linksOf(key)) this.layoutWire(link);
    this.unwired = new Set();
    this.wireList ??= [...this.wireMap.values()];
    return this.wireList;
  }

  /** Wires that hang on a reroute: their curves, and what they carry. */
  looseCurves(): { curves: readonly Curve[]; type: Json }[] {
    return looseWires(this.doc).flatMap(({ node, slot, side, type, via }) => {
      const box = this.boxes.get(node);
      const socket = box?.sockets.find((s) => s.side === side && (side === "output" ? s.order === slot : s.socket.index === slot));
      if (!box || !socket) return [];
      const at = socketAt(box, socket);
      return [{ curves: curvesThrough(side === "output" ? [at, ...via] : [...via, at], this.linkStyle), type }];
    });
  }

  /** The points that wires pass, by key. */
  rerouteList(): readonly Reroute[] {
    this.wires();
    return [...this.reroutes.values()];
  }

  setLinkStyle(style: LinkStyle): void {
    this.linkStyle = style;
    this.unwired = null;
    this.dirty("world");
  }

  private layoutWires(): void {
    this.wireMap.clear();
    // A graph without wires lays none out, and still must forget those of before.
    this.wireList = null;
    this.reroutes = reroutesOf(this.doc.raw);
    this.parents = wireParents(this.doc);
    for (const link of this.doc.links()) this.layoutWire(link);
  }

  private layoutWire(link: Link): void {
    const key = keyOf(link.id);
    const wire = this.wireOf(key, link);
    if (wire) this.wireMap.set(key, wire);
    else this.wireMap.delete(key);
    this.wireList = null;
  }

  /** Boxes that overlap a rectangle, in drawing order. */
  visible(rect: Rect): NodeBox[] {
    this.refresh();
    const found = [...this.grid.query(rect)].filter((box) => overlaps(box, rect));
    const rank = (box: NodeBox): number => box.rank + (this.selection.has(box.key) ? 1e9 : 0);
    return found.sort((a, b) => rank(a) - rank(b));
  }

  bounds(keys?: Iterable<Key>): Rect | null {
    this.refresh();
    const boxes = keys ? [...keys].flatMap((key) => this.boxes.get(key) ?? []) : [...this.boxes.values()];
    return around(boxes);
  }

  /** Addresses of the pictures a node shows: results, or the picture it loads. */
  pictureUrls(box: NodeBox): readonly string[] {
    const { images, versus } = this.mark(box.key);
    if (versus) return versus;
    if (images.length > 0) return images;
    const upload = box.allWidgets.find((w) => w.kind !== "upload" && hasUpload(w.input));
    const value = upload && readWidget(box.node, box.allWidgets, upload);
    return typeof value === "string" && value !== "" ? [this.inputUrl(value)] : [];
  }

  /** The pictures that are there to be drawn; a live preview goes before results. */
  pictures(box: NodeBox): Picture[] {
    const { live } = this.mark(box.key);
    if (live) return [live];
    return this.shownUrls(box).flatMap((url) => this.images.get(url) ?? []);
  }

  /** Which of its pictures a node shows alone; null if all side by side. */
  pageOf(box: NodeBox): number | null {
    const page = this.pages.get(this.path + box.key);
    const count = this.pictureUrls(box).length;
    return page === undefined || count < 2 ? null : Math.min(page, count - 1);
  }

  /** Show one picture of a node alone, or all of them. */
  turnTo(key: Key, page: number | null): void {
    if (page === null) this.pages.delete(this.path + key);
    else this.pages.set(this.path + key, page);
    this.touch(key);
  }

  private shownUrls(box: NodeBox): readonly string[] {
    const urls = this.pictureUrls(box);
    const page = this.pageOf(box);
    return page === null ? urls : urls.slice(page, page + 1);
  }

  private onChange(change: Change): void {
    if (change.ops.some((op) => op.path[0] === "definitions")) this.redefine();
    for (const key of change.nodes) this.stale.add(key);
    if (change.structure) this.structure = true;
    // The whole list was replaced: another version of the file, or a way back from one.
    if (change.ops.some((op) => op.path.length < 2 && op.kind === "set")) this.rebuild();
    this.dirty("world");
  }

  /** A subgraph changed: its instances have other sockets or values. */
  private redefine(): void {
    const before = this.merged;
    this.merged = null;
    for (const box of this.boxes.values()) {
      if (isBoundary(box.key) || before?.get(box.node.type) !== this.specs.get(box.node.type)) this.stale.add(box.key);
    }
  }

  private sweep(): void {
    this.version++;
    const alive = new Set(this.doc.raw.nodes.map((node) => keyOf(node.id)));
    if (this.doc.node(INPUTS)) for (const key of [INPUTS, OUTPUTS]) alive.add(key);
    for (const [key, box] of this.boxes) {
      if (alive.has(key)) continue;
      this.grid.remove(box);
      this.boxes.delete(key);
      this.selection.delete(key);
    }
    for (const key of alive) if (!this.boxes.has(key)) this.stale.add(key);
    this.doc.raw.nodes.forEach((node, rank) => {
      const box = this.boxes.get(keyOf(node.id));
      if (box) box.rank = rank;
    });
    this.unwired = null;
    this.structure = false;
  }

  /** A live preview must not cover the node below. */
  private keepClear(box: NodeBox, plain: number): void {
    const under = { x: box.x, y: box.y + plain, w: box.w, h: Math.max(0, box.h - plain) };
    const others = [...this.grid.query(under)].filter((other) => other.key !== box.key && other.y >= under.y - 1 && overlaps(other, under));
    fitPreview(box, plain, Math.min(Infinity, ...others.map((other) => other.y - box.y)));
    // Over the node's own fields it may lie only as long as the sampling lasts.
    const inset = box.preview !== null && box.preview.w < box.w;
    if (inset && this.mark(box.key).state !== "running") box.preview = null;
  }

  private relayout(key: Key): void {
    this.version++;
    const node = this.doc.node(key);
    if (!node) return;
    const spec = this.specs.get(node.type);
    const { texts, media } = this.mark(key);
    const shapes = this.plugged.shapes?.(node) ?? null;
    const fresh = layoutNode(node, spec, this.aspectOf(key), { texts, media }, shapes);
    if (this.mark(key).live && fresh.preview) this.keepClear(fresh, layoutNode(node, spec, null).h);
    fresh.rank = isBoundary(key) ? -1 : Number(this.doc.nodePath(key)[1]);
    const box = this.boxes.get(key);
    if (!box) {
      this.boxes.set(key, fresh);
      this.grid.put(fresh, fresh);
    } else {
      Object.assign(box, fresh);
      this.grid.put(box, box);
    }
    this.unwired?.add(key);
  }

  private aspectOf(key: Key): number | null {
    const box = this.boxes.get(key);
    const node = this.doc.node(key);
    if (!node) return null;
    const probe = box ?? layoutNode(node, this.specs.get(node.type), null);
    const { live } = this.mark(key);
    if (live) return live.height / live.width;
    const versus = this.mark(key).versus;
    const urls = (versus?.slice(0, 1) ?? this.shownUrls(probe)).filter((url) => !this.images.failed(url));
    const first = urls[0] === undefined ? null : this.images.get(urls[0]);
    if (urls.length === 0) return null;
    return sheetAspect(urls.length, first ? heightOf(first) / widthOf(first) : 1);
  }

  private wireOf(key: Key, link: Link): Wire | null {
    const from = this.boxes.get(link.from);
    const to = this.boxes.get(link.to);
    const a = from?.sockets.find((s) => s.side === "output" && s.order === link.fromSlot);
    const b = to?.sockets.find((s) => s.side === "input" && s.socket.index === link.toSlot);
    if (!from || !to || !a || !b) return null;
    const via = chainOf(this.reroutes, this.parents.get(key));
    const curves = curvesThrough([socketAt(from, a), ...via, socketAt(to, b)], this.linkStyle);
    return { key, link, from, to, a, b, via, curves, bounds: grown(curves), ...presentationOf(this.doc.raw, key) };
  }
}

/** Where a socket stands in the world. */
export const socketAt = (box: Rect, socket: Vec): Vec => ({ x: box.x + socket.x, y: box.y + socket.y });
