/**
 * Geometry of one node, in world units relative to the top left of its box.
 *
 * The box includes the header; a file's `pos` is the top left of the body below it, as in the
 * files people share.
 */
import { hiddenInputs } from "../model/dependent";
import type { NodeSpec } from "../model/schema";
import { inputSockets, outputSockets, type Socket } from "../model/slots";
import { type Widget, widgetsOf, widgetsOfNode } from "../model/widgets";
import { isCollapsed, type Key, keyOf, posOf, type RawNode, sizeOf } from "../model/workflow";
import type { Rect } from "./camera";
import { FONT, measure, MONO_LINE, wrap } from "./text";

export const HEADER = 28;
export const ROW = 24;
export const ROW_PITCH = 28;
export const SLOT = 20;
export const PAD = 12;
export const RADIUS = 8;
export const RAIL = 3;
/** Height of a multi-line field that nobody made taller. */
export const TEXT_MIN = 3 * MONO_LINE + 16;
/** The same of a field that is drawn in. */
const PLOT_MIN = 124;
const PREVIEW_MIN = 64;
const PREVIEW_MAX = 420;
const SAID_LINES = 8;
export const SAID_INSET = 8;

export interface SocketBox {
  socket: Socket;
  side: "input" | "output";
  /** Place among the sockets of its side; the slot number of an output. */
  order: number;
  x: number;
  y: number;
}

export interface WidgetBox {
  widget: Widget;
  rect: Rect;
  /** The control mode or upload button at the right end of the row. */
  side: { widget: Widget; rect: Rect } | null;
  /** The widget's own socket; null for a note's text. */
  socket: SocketBox | null;
}

export interface NodeBox extends Rect {
  key: Key;
  node: RawNode;
  spec: NodeSpec | undefined;
  title: string;
  collapsed: boolean;
  /** How far the box begins above the place that the file says. */
  lift: number;
  sockets: SocketBox[];
  widgets: WidgetBox[];
  allWidgets: Widget[];
  /** Where a picture goes; null for a node that has none. */
  preview: Rect | null;
  /** Where the words of its last run stand, and what plays. */
  said: Rect | null;
  player: Rect | null;
  /** The least height its content needs. */
  minH: number;
  /** Place in the file's list of nodes: later ones are drawn on top. */
  rank: number;
}

/** Something that plays. */
export interface Medium {
  kind: "audio" | "video" | "moving";
  url: string;
}

/** What a run left on a node beside pictures. */
export interface Said {
  texts: readonly string[];
  media: readonly Medium[];
}

const NOTHING: Said = { texts: [], media: [] };

/** What scripts say of a field: that it is not drawn, or how high it is for a width. */
export interface Shape {
  hidden: boolean;
  height: ((width: number) => number) | null;
}
/** Asked for the fields of one node, by name. */
export type Shapes = (name: string) => Shape | undefined;

/** Lay out a node. `aspect` is height over width of its picture, null if it has none. */
export function layoutNode(node: RawNode, spec: NodeSpec | undefined, aspect: number | null, said = NOTHING, shapes: Shapes | null = null): NodeBox {
  const [x, y] = posOf(node);
  const bend = node.type === "Reroute" && spec?.virtual === true;
  const lift = bend ? 0 : HEADER;
  const box: NodeBox = {
    key: keyOf(node.id),
    node,
    spec,
    title: bend ? wordsOfBend(node) : (node.title ?? spec?.title ?? node.type),
    x,
    y: y - lift,
    w: Math.max(96, sizeOf(node)[0]),
    h: HEADER,
    collapsed: bend || isCollapsed(node),
    lift,
    sockets: [],
    widgets: [],
    allWidgets: widgetsOfNode(node, spec),
    preview: null,
    said: null,
    player: null,
    minH: HEADER,
    rank: 0,
  };
  const idle = hiddenInputs(node, spec);
  const away = shapes ? box.allWidgets.flatMap(({ name }) => (shapes(name)?.hidden ? name : [])) : [];
  const hidden = away.length > 0 ? new Set([...idle, ...away]) : idle;
  const inputs = inputSockets(node, spec).filter(({ name }) => !hidden.has(name));
  const outputs = outputSockets(node, spec);
  if (box.collapsed) collapse(box, inputs, outputs, bend);
  else fill(box, inputs, outputs, aspect, said, hidden, shapes);
  return box;
}

/** A bend in a wire carries no words, but a title of its own, or the type if it is to show that. */
function wordsOfBend(node: RawNode): string {
  const { properties, title } = node;
  const type = node.outputs?.[0]?.type;
  const shows = typeof properties === "object" && properties !== null && "showOutputText" in properties && properties["showOutputText"] === true;
  if (title !== undefined && title !== "" && title !== "Reroute") return title;
  return shows && typeof type === "string" && type !== "*" ? type : "";
}

function collapse(box: NodeBox, inputs: Socket[], outputs: Socket[], bend: boolean): void {
  const words = box.title === "" ? 0 : measure(FONT.title, box.title) + 44;
  box.w = bend ? Math.max(48, words, Math.min(box.w, sizeOf(box.node)[0])) : Math.min(240, Math.max(96, words));
  const shown = inputs.filter((socket) => socket.widget === null || socket.link !== null);
  const fan = (sockets: Socket[], side: SocketBox["side"], x: number): void => {
    const pitch = Math.min(8, (HEADER - 6) / Math.max(1, sockets.length));
    sockets.forEach((socket, i) => {
      const y = HEADER / 2 + (i - (sockets.length - 1) / 2) * pitch;
      box.sockets.push({ socket, side, order: i, x, y });
    });
  };
  fan(shown, "input", 0);
  fan(outputs, "output", box.w);
}

function fill(box: NodeBox, inputs: Socket[], outputs: Socket[], aspect: number | null, said: Said, hidden: ReadonlySet<string>, shapes: Shapes | null): void {
  const plain = inputs.filter((socket) => socket.widget === null || !hasWidget(box, socket.widget));
  const top = HEADER + 6 + SLOT / 2;
  plain.forEach((socket, i) => {
    box.sockets.push({ socket, side: "input", order: i, x: 0, y: top + i * SLOT });
  });
  outputs.forEach((socket, i) => {
    box.sockets.push({ socket, side: "output", order: i, x: box.w, y: top + i * SLOT });
  });
  const rows = Math.max(plain.length, outputs.length);
  let y = HEADER + (rows > 0 ? 6 + rows * SLOT + 2 : 8);
  y = placeWidgets(box, inputs, y, hidden, shapes);
  y = placePlayer(box, said.media, y, aspect === null && said.texts.length === 0);
  y = placeSaid(box, said.texts, y, aspect === null);
  placePreview(box, y, aspect);
}

const hasWidget = (box: NodeBox, name: string): boolean =>
  box.allWidgets.some((widget) => widget.name === name);

/** Values without a row of their own. */
const PLACELESS = new Set<Widget["kind"]>(["control", "upload", "hidden"]);

/** The least height of fields that grow with their node; null for rows. */
function leastOf(widget: Widget): number | null {
  if (widget.kind === "curve" || widget.kind === "boxes") return PLOT_MIN;
  return widget.kind === "multiline" ? TEXT_MIN : null;
}

/** Place widget rows from `y` on; tall fields share what the node's height leaves. */
function placeWidgets(box: NodeBox, inputs: Socket[], y: number, hidden: ReadonlySet<string>, shapes: Shapes | null): number {
  const rows = box.allWidgets.filter((w) => !PLACELESS.has(w.kind) && !hidden.has(w.input.name));
  const w = box.w - 2 * PAD;
  const given = new Map(rows.flatMap(({ name }) => {
    const height = shapes?.(name)?.height;
    return height ? [[name, Math.max(0, height(w))] as const] : [];
  }));
  const least = (widget: Widget): number | null => (given.has(widget.name) ? null : leastOf(widget));
  const tall = rows.filter((row) => least(row) !== null).length;
  const own = [...given.values()].reduce((sum, h) => sum + h - ROW, 0);
  const fixed = (rows.length - tall) * ROW_PITCH + own + tall * 4;
  const bottom = rows.length > 0 ? 8 : 2;
  const free = sizeOf(box.node)[1] + HEADER - y - fixed - bottom;
  const share = tall > 0 ? free / tall : 0;
  let spare = 0;
  for (const widget of rows) {
    const low = least(widget);
    const h = given.get(widget.name) ?? (low === null ? ROW : Math.max(low, share));
    spare += h - (low ?? h);
    const rect = { x: PAD, y, w, h };
    const socket = widgetSocket(box, inputs, widget, y + Math.min(h, ROW) / 2);
    box.widgets.push({ widget, rect, side: sideOf(box, widget, rect), socket });
    y += h + 4;
  }
  // What the content needs at least counts tall fields at their smallest.
  box.minH = y + bottom - 4 - spare;
  return y + bottom - 4;
}

function widgetSocket(box: NodeBox, inputs: Socket[], widget: Widget, y: number): SocketBox | null {
  const order = inputs.findIndex((socket) => socket.name === widget.name);
  const socket = inputs[order];
  if (!socket) return null;
  const placed: SocketBox = { socket, side: "input", order, x: 0, y };
  box.sockets.push(placed);
  return placed;
}

function sideOf(box: NodeBox, widget: Widget, rect: Rect): WidgetBox["side"] {
  const next = box.allWidgets[widget.index + 1];
  if (next?.kind !== "control" && next?.kind !== "upload") return null;
  const w = next.kind === "control" ? 42 : 28;
  return { widget: next, rect: { x: rect.x + rect.w - w, y: rect.y, w, h: rect.h } };
}

const PLAYER = 36;

/** A sound takes one row; what moves takes the rest of the node, or the shape of a film. */
function placePlayer(box: NodeBox, media: readonly Medium[], y: number, last: boolean): number {
  const [first] = media;
  if (!first) return y;
  if (first.kind === "audio") {
    box.player = { x: PAD, y, w: box.w - 2 * PAD, h: PLAYER };
    return y + PLAYER + 8;
  }
  const room = last ? sizeOf(box.node)[1] + HEADER - y : 0;
  const h = room >= PREVIEW_MIN ? room : Math.round(box.w * 0.5625);
  box.player = { x: 0, y, w: box.w, h };
  return y + h;
}

/** Words take what they need up to some lines, or all that the node's height leaves. */
function placeSaid(box: NodeBox, texts: readonly string[], y: number, last: boolean): number {
  if (texts.length === 0) return y;
  const w = box.w - 2 * PAD;
  const lines = wrap(FONT.mono, texts.join("\n"), w - 2 * SAID_INSET).length;
  const need = Math.min(SAID_LINES, lines) * MONO_LINE + 2 * SAID_INSET;
  const room = last ? sizeOf(box.node)[1] + HEADER - y - 8 : 0;
  box.said = { x: PAD, y, w, h: Math.max(need, room) };
  return y + box.said.h + 8;
}

function placePreview(box: NodeBox, y: number, aspect: number | null): void {
  const height = sizeOf(box.node)[1] + HEADER;
  if (aspect === null) {
    box.h = Math.max(height, y);
    return;
  }
  const room = height - y;
  const wanted = Math.min(PREVIEW_MAX, Math.max(PREVIEW_MIN, box.w * aspect));
  const h = room >= PREVIEW_MIN ? room : wanted;
  box.preview = { x: 0, y, w: box.w, h };
  box.h = y + h;
}

const GAP = 12;
const LEAST = 56;

/**
 * Keep a preview off the next node below: it takes what room there is, or lies inset.
 *
 * @param plain the node's height without a preview
 * @param floor how far down it may reach, from its top
 */
export function fitPreview(box: NodeBox, plain: number, floor: number): void {
  const { preview } = box;
  const free = floor - GAP;
  if (!preview || box.h <= Math.max(plain, free)) return;
  if (free - plain >= LEAST) {
    preview.h = free - preview.y;
    box.h = free;
    return;
  }
  const aspect = preview.h / preview.w;
  const h = Math.min(plain - HEADER - 2 * 8, (box.w / 2) * aspect);
  box.preview = { x: box.w - h / aspect - 8, y: plain - h - 8, w: h / aspect, h };
  box.h = plain;
}

/** The body size a new node of this type gets: as wide as its words need. */
export function naturalSize(spec: NodeSpec): [number, number] {
  if (spec.type === "Reroute" && spec.virtual) return [75, 26];
  const widgets = widgetsOf(spec);
  const tall = widgets.some((w) => leastOf(w) !== null);
  const label = (name: string): number => measure(FONT.label, name);
  const inputs = spec.inputs.filter((i) => i.widget === null).map((i) => label(i.name));
  const outputs = spec.outputs.map((o) => label(o.name));
  const sockets = Math.max(0, ...inputs) + Math.max(0, ...outputs) + 60;
  const rows = widgets.length > 0 ? 260 : 0;
  const title = measure(FONT.title, spec.title) + 56;
  const w = Math.ceil(Math.max(tall ? 320 : 150, rows, sockets, title) / 4) * 4;
  const node: RawNode = { id: 0, type: spec.type, pos: [0, 0], size: [w, 0] };
  const h = layoutNode(node, spec, null).minH - HEADER;
  return [w, tall ? h + 2 * MONO_LINE : h];
}
