/**
 * Nodes as scripts of the ComfyUI page know them: a class for each type, thin instances over the document.
 *
 * Invariant: an instance holds no data of its node. Until it is in a document it stands for JSON of its
 * own, which is what its constructor fills.
 */
import { HEADER, layoutNode } from "../canvas/layout";
import { removeNodes, renameNode, resizeNode, moveNodes } from "../model/actions";
import type { Json, JsonObject } from "../model/json";
import type { Path } from "../model/patch";
import { type Extra, widgetsOfNode } from "../model/widgets";
import { connect, cut } from "../model/wiring";
import { keyOf, type Id, posOf, type RawNode, type RawSlot, sizeOf } from "../model/workflow";
import { placeDom } from "./domfields";
import { Field, fieldBehind, fieldOf } from "./field";
import { type Container, type Ground, live } from "./live";
import { linkFace } from "./links";
import type { Loose, NodeClass, Page } from "./page";

let page: Page;

/** Instances are made by scripts, with no more than a title: they find the page here. */
export function inhabit(made: Page): void {
  page = made;
}

type Slots = RawSlot[];

export class LGraphNode {
  static title = "";
  static type = "";
  static category = "";
  static comfyClass = "";
  static nodeData: unknown = null;

  [key: string]: unknown;
  /** The JSON it stands for. */
  raw: RawNode;
  /** Whether that is in a document. */
  settled = false;
  widgets: Loose[] = [];
  widgets_start_y: number | undefined = undefined;
  serialize_widgets = true;
  isVirtualNode: unknown = undefined;
  private pictures: HTMLImageElement[] | null = null;

  constructor(title?: string) {
    const own = this.constructor as unknown as NodeClass;
    const type = String(own["type"] ?? own["comfyClass"] ?? title ?? own.name);
    this.raw = { id: -1, type, pos: [0, 0], size: [210, 60], flags: {}, order: 0, mode: 0, inputs: [], outputs: [], properties: {} };
    for (const hidden of ["raw", "settled", "pictures"]) Object.defineProperty(this, hidden, { enumerable: false, writable: true });
    if (title !== undefined && title !== type) this.raw.title = title;
    const spec = this.page.app.scene.specs.get(type);
    if (spec) this.widgets = widgetsOfNode(this.raw, spec).map((widget) => fieldOf(this, widget));
  }

  get page(): Page { return page; }

  get type(): string { return this.raw.type; }
  set type(type: string) { this.put("type", type); }
  get comfyClass(): string { return String((this.constructor as unknown as Loose)["comfyClass"] || this.raw.type); }
  get id(): Id { return this.raw.id; }
  set id(id: Id) { if (!this.settled) this.raw.id = id; }
  get graph(): unknown { return this.settled ? this.page.graph : null; }
  get rootGraph(): unknown { return this.page.graph; }

  get title(): string {
    const own = this.constructor as unknown as Loose;
    return this.raw.title ?? this.page.app.scene.specs.get(this.raw.type)?.title ?? String(own["title"] || this.raw.type);
  }
  set title(title: string) {
    if (this.settled) renameNode(this.page.doc, keyOf(this.id), title);
    else this.raw.title = title;
  }
  getTitle(): string { return this.title; }

  get pos(): Container { return this.part("pos", [0, 0]); }
  set pos(pos: ArrayLike<number>) {
    const [x = 0, y = 0] = Array.from(pos);
    if (this.settled) moveNodes(this.page.doc, new Map([[keyOf(this.id), { x, y }]]), "script");
    else this.raw["pos"] = [x, y];
  }

  get size(): Container { return this.part("size", [210, 60]); }
  set size(size: ArrayLike<number>) {
    const [w = 210, h = 60] = Array.from(size);
    if (this.settled) resizeNode(this.page.doc, keyOf(this.id), w, h, "script");
    else this.raw["size"] = [w, h];
  }
  setSize(size: ArrayLike<number>): void {
    this.size = size;
    this.page.call(this, "onResize", size);
    this.touch();
  }
  computeSize(): [number, number] {
    const box = layoutNode(this.raw, this.page.app.scene.specs.get(this.raw.type), null, undefined, this.page.app.scene.plugged.shapes?.(this.raw) ?? null);
    return [Math.min(box.w, 210), Math.max(24, box.minH - HEADER)];
  }

  get mode(): number { return this.raw.mode ?? 0; }
  set mode(mode: number) { this.put("mode", mode); }
  changeMode(mode: number): boolean { this.mode = mode; return true; }
  get color(): unknown { return this.raw["color"]; }
  set color(color: unknown) { this.put("color", color as Json); }
  get bgcolor(): unknown { return this.raw["bgcolor"]; }
  set bgcolor(color: unknown) { this.put("bgcolor", color as Json); }
  get flags(): Container { return this.part("flags", {}); }
  set flags(flags: Container) { this.put("flags", flags); }
  get properties(): Container { return this.part("properties", {}); }
  set properties(properties: Container) { this.put("properties", properties); }
  get inputs(): Slots { return this.part("inputs", []) as unknown as Slots; }
  set inputs(inputs: Slots) { this.put("inputs", inputs as unknown as Json); }
  get outputs(): Slots { return this.part("outputs", []) as unknown as Slots; }
  set outputs(outputs: Slots) { this.put("outputs", outputs as unknown as Json); }
  get order(): number { return Number(this.raw["order"] ?? 0); }
  get collapsed(): boolean { return (this.flags as JsonObject)["collapsed"] === true; }
  get pinned(): boolean { return (this.flags as JsonObject)["pinned"] === true; }
  collapse(): void { (this.flags as JsonObject)["collapsed"] = !this.collapsed; }
  pin(on?: boolean): void { (this.flags as JsonObject)["pinned"] = on ?? !this.pinned; }

  /** Pictures shown on the node. */
  get imgs(): HTMLImageElement[] | null {
    if (this.pictures) return this.pictures;
    const box = this.page.app.scene.boxes.get(keyOf(this.id));
    const shown = box ? this.page.app.scene.pictures(box).filter((one) => one instanceof HTMLImageElement) : [];
    return shown.length > 0 ? shown : null;
  }
  set imgs(imgs: HTMLImageElement[] | null) {
    this.pictures = imgs;
    if (this.settled) this.page.app.scene.setMark(this.page.app.scene.path + keyOf(this.id), { images: (imgs ?? []).map(({ src }) => src) });
  }

  private ground(name: string): Ground {
    const { page: home } = this;
    return {
      path: (): Path => [...home.doc.nodePath(keyOf(this.id)), name],
      edit: (run) => {
        if (this.settled) home.edit("Extension", run);
        else run(detached(this.raw));
        this.touch();
      },
    };
  }

  private part(name: string, fallback: Container): Container {
    const found = this.raw[name];
    if (found === null || typeof found !== "object") {
      if (this.settled) return fallback;
      this.raw[name] = fallback;
    }
    const target = this.raw[name] as Container;
    const ground = this.ground(name);
    return live(target, this.settled ? ground : { ...ground, path: () => [name] });
  }

  private put(name: string, value: Json): void {
    if (!this.settled) this.raw[name] = value;
    else this.page.edit("Extension", (edit) => { edit.set([...this.page.doc.nodePath(keyOf(this.id)), name], value); });
    this.touch();
  }

  /** Lay it out again before the next frame. */
  touch(): void {
    if (this.settled) this.page.app.scene.touch(keyOf(this.id));
  }
  setDirtyCanvas(): void { this.touch(); }

  // Fields

  /** The fields behind its widgets. */
  fields(): Field[] {
    return this.widgets.flatMap((face) => fieldBehind(face) ?? []);
  }

  addWidget(type: string, name: string, value: unknown, callback?: unknown, options?: unknown): Loose {
    const opts: Loose = typeof options === "object" && options !== null ? { ...options } : {};
    const bound = typeof callback === "string" ? callback : null;
    const act = bound !== null ? (now: unknown): void => { this.setProperty(bound, now); } : (callback ?? null);
    const known = this.widgets.find((field) => field["name"] === name);
    if (!known) return this.addCustomWidget(new Field(this, name, type.toLowerCase(), value, act, opts));
    if (act !== null) known["callback"] = act;
    Object.assign(known["options"] as Loose, opts);
    return known;
  }

  /** A field that the script made itself keeps its own methods; its value goes to the document. */
  addCustomWidget<T extends object>(custom: T): T {
    const field = fieldBehind(custom) ?? Field.behind(this, custom as Loose);
    const at = this.widgets.findIndex((face) => face["name"] === field.name);
    if (at >= 0) this.widgets[at] = field.face;
    else this.widgets.push(field.face);
    this.touch();
    return custom;
  }

  addDOMWidget(name: string, type: string, element: HTMLElement, options: Loose = {}): Loose {
    return placeDom(this, name, type, element, options);
  }

  removeWidget(face: Loose): void {
    const at = this.widgets.indexOf(face);
    if (at < 0) return;
    this.page.call(face, "onRemove");
    this.widgets.splice(at, 1);
    this.touch();
  }

  /** What the document is told of fields that the type does not have; those it keeps come first. */
  extras(): Extra[] {
    const names = new Set((this.page.app.scene.specs.get(this.raw.type)?.inputs ?? []).flatMap((input) => (input.widget ? input.name : [])));
    const own = this.fields().filter(({ name }) => !names.has(name) && !PAGE_OWN.has(name));
    return own.map((field) => field.extra()).sort((a, b) => Number("apart" in a) - Number("apart" in b));
  }

  // Sockets and wires

  addInput(name: string, type: unknown, more: object = {}): RawSlot {
    const slot = { name, type: String(type), link: null, ...more };
    this.inputs.push(slot as unknown as RawSlot);
    this.page.call(this, "onInputAdded", slot);
    return this.inputs.at(-1) ?? (slot as unknown as RawSlot);
  }
  addOutput(name: string, type: unknown, more: object = {}): RawSlot {
    const slot = { name, type: String(type), links: [], ...more };
    this.outputs.push(slot as unknown as RawSlot);
    this.page.call(this, "onOutputAdded", slot);
    return this.outputs.at(-1) ?? (slot as unknown as RawSlot);
  }
  removeInput(at: number): void {
    this.disconnectInput(at);
    const [gone] = this.inputs.splice(at, 1);
    this.page.call(this, "onInputRemoved", at, gone);
  }
  removeOutput(at: number): void {
    this.disconnectOutput(at);
    const [gone] = this.outputs.splice(at, 1);
    this.page.call(this, "onOutputRemoved", at, gone);
  }
  findInputSlot(name: string): number { return this.inputs.findIndex((slot) => slot.name === name); }
  findOutputSlot(name: string): number { return this.outputs.findIndex((slot) => slot.name === name); }
  getInputInfo(at: number): RawSlot | null { return this.inputs[at] ?? null; }
  getOutputInfo(at: number): RawSlot | null { return this.outputs[at] ?? null; }
  isInputConnected(at: number): boolean { return this.inputs[at]?.link != null; }
  isOutputConnected(at: number): boolean { return (this.outputs[at]?.links?.length ?? 0) > 0; }
  isAnyOutputConnected(): boolean { return this.outputs.some((slot) => (slot.links?.length ?? 0) > 0); }

  getInputLink(at: number): unknown {
    const id = this.inputs[at]?.link;
    return id == null ? null : linkFace(this.page, keyOf(id));
  }
  getInputNode(at: number): LGraphNode | null {
    const id = this.inputs[at]?.link;
    const link = id == null ? null : this.page.doc.link(keyOf(id));
    return (link && this.page.node(link.from)) ?? null;
  }
  getOutputNodes(at: number): LGraphNode[] | null {
    const ids = this.outputs[at]?.links ?? [];
    const found = ids.flatMap((id) => this.page.node(this.page.doc.link(keyOf(id))?.to ?? "") ?? []);
    return found.length > 0 ? found : null;
  }

  connect(at: number | string, target: LGraphNode, slot: number | string): unknown {
    const from = typeof at === "string" ? this.findOutputSlot(at) : at;
    const name = typeof slot === "string" ? slot : target.inputs[slot]?.name;
    if (name === undefined || !this.settled || !target.settled) return null;
    const { page: home } = this;
    home.edit("Connect", (edit) => {
      connect(edit, home.doc, home.app.scene.specs, { node: keyOf(this.id), slot: from }, { node: keyOf(target.id), name });
    });
    return target.getInputLink(target.findInputSlot(name));
  }
  disconnectInput(slot: number | string): boolean {
    const at = typeof slot === "string" ? this.findInputSlot(slot) : slot;
    const id = this.inputs[at]?.link;
    if (id == null || !this.settled) return false;
    this.page.edit("Disconnect", (edit) => { cut(edit, this.page.doc, keyOf(id)); });
    return true;
  }
  disconnectOutput(slot: number | string, target?: LGraphNode): boolean {
    const at = typeof slot === "string" ? this.findOutputSlot(slot) : slot;
    const ids = [...(this.outputs[at]?.links ?? [])].filter((id) => !target || this.page.doc.link(keyOf(id))?.to === keyOf(target.id));
    if (!this.settled) return false;
    this.page.edit("Disconnect", (edit) => { for (const id of ids) cut(edit, this.page.doc, keyOf(id)); });
    return ids.length > 0;
  }
  getConnectionPos(input: boolean, at: number): [number, number] {
    const box = this.page.app.scene.boxes.get(keyOf(this.id));
    const socket = box?.sockets.find((one) => (one.side === "input") === input && one.socket.index === at);
    const [x, y] = posOf(this.raw);
    return box && socket ? [box.x + socket.x, box.y + socket.y] : [x, y];
  }

  // The rest

  addProperty(name: string, value: unknown): void {
    if (!(name in this.properties)) (this.properties as Loose)[name] = value;
  }
  setProperty(name: string, value: unknown): void {
    const before = (this.properties as Loose)[name];
    if (before === value) return;
    (this.properties as Loose)[name] = value;
    this.page.call(this, "onPropertyChanged", name, value, before);
  }
  getBounding(): [number, number, number, number] {
    const [[x, y], [w, h]] = [posOf(this.raw), sizeOf(this.raw)];
    return [x, y - HEADER, w, h + HEADER];
  }
  get boundingRect(): [number, number, number, number] { return this.getBounding(); }
  isPointInside(x: number, y: number): boolean {
    const [left, top, w, h] = this.getBounding();
    return x >= left && y >= top && x <= left + w && y <= top + h;
  }

  /** Its JSON, as a script may change it before it is sent or saved. */
  serialize(): JsonObject {
    const copy = structuredClone(this.raw) as JsonObject;
    this.page.call(this, "onSerialize", copy);
    return copy;
  }
  configure(info: JsonObject): void {
    for (const [name, value] of Object.entries(info)) if (name !== "id" && name !== "type") this.put(name, value ?? null);
    this.page.call(this, "onConfigure", info);
  }
  clone(): LGraphNode | null {
    const twin = this.page.graph.make(this.raw.type);
    if (twin) Object.assign(twin.raw, structuredClone(this.raw), { id: -1 });
    return twin;
  }
  remove(): void {
    if (this.settled) removeNodes(this.page.doc, [keyOf(this.id)]);
  }
}

/** Values that stand in files, and have no row of their own. */
const PAGE_OWN = new Set(["control_after_generate", "upload"]);

/** Writes to JSON that is in no document yet. */
function detached(raw: RawNode): Parameters<Parameters<Ground["edit"]>[0]>[0] {
  const at = (path: Path): [Loose, string] => {
    let part = raw as unknown as Loose;
    for (const step of path.slice(0, -1)) part = part[step] as Loose;
    return [part, String(path.at(-1))];
  };
  return {
    set: (path, value) => {
      const [part, key] = at(path);
      part[key] = value;
    },
    push: (path, value) => {
      const [part, key] = at(path);
      (part[key] as Json[]).push(value);
    },
    removeAt: (path, index) => {
      const [part, key] = at(path);
      (part[key] as Json[]).splice(index, 1);
    },
  };
}
