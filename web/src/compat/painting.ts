/** Drawing and pointing by scripts: on nodes, in fields, with the origin where they expect it. */
import type { Env } from "../canvas/drawnode";
import { HEADER, type NodeBox, PAD, ROW, type Shapes, type WidgetBox } from "../canvas/layout";
import type { Everywhere, Grip, WidgetPart } from "../canvas/plugged";
import type { Vec } from "../canvas/camera";
import { lend } from "../plugins/drawing";
import { type Field, fieldBehind } from "./field";
import { insides } from "./insides";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";

/** Script code that failed to draw is not asked again. */
const broken = new WeakMap<object, Set<string>>();

function draws(on: object, name: string): boolean {
  return typeof (on as Loose)[name] === "function" && !broken.get(on)?.has(name);
}

/** Let a script draw with the origin at a place of the node. */
function drawWith(page: Page, env: Env, at: Vec, on: object, name: string, ...given: unknown[]): void {
  lend(env, at, () => { ((on as Loose)[name] as (...all: unknown[]) => unknown).apply(on, [env.ctx, ...given]); }, (error) => {
    broken.set(on, (broken.get(on) ?? new Set<string>()).add(name));
    queueMicrotask(() => {
      page.tell(name, error);
      page.redraw();
    });
  });
}

const BODY: Vec = { x: 0, y: HEADER };

function fieldAt(node: LGraphNode | undefined, name: string): Field | undefined {
  const face = node?.widgets.find((one) => one["name"] === name);
  return face && fieldBehind(face);
}

/** What `node` and its fields do to the drawing of every node. */
export function everywhere(page: Page): Everywhere {
  const instance = (box: NodeBox): LGraphNode | undefined => page.instances.get(box.node);
  return {
    under: (env, box) => {
      const node = instance(box);
      if (node && draws(node, "onDrawBackground")) drawWith(page, env, BODY, node, "onDrawBackground", page.canvas, page.canvas.canvas, page.canvas.graph_mouse);
    },
    over: (env, box) => {
      const node = instance(box);
      if (!node) return;
      drawBadges(env, box, node);
      if (draws(node, "onDrawForeground")) drawWith(page, env, BODY, node, "onDrawForeground", page.canvas, page.canvas.canvas);
    },
    field: (box, input) => partOf(page, instance(box), input),
    grab: (box, row, world) => grab(page, instance(box), box, row, world),
    refuses: (from, to) => {
      const [source, target] = [instance(from.box), instance(to.box)];
      if (!source || !target) return false;
      // A file need not list sockets that were never wired.
      const { index, type } = to.socket.socket;
      const at = index >= 0 ? index : to.socket.order;
      const [output, input] = [source.outputs[from.socket.order], target.inputs[at]];
      return page.call(target, "onConnectInput", at, type, output, source, from.socket.order) === false
        || page.call(source, "onConnectOutput", from.socket.order, type, input, target, at) === false;
    },
    dropped: ({ box, socket }, { x, y }) => {
      const node = instance(box);
      const outward = socket.side === "output";
      const { name, type } = socket.socket;
      const slot = (outward ? node?.outputs[socket.order] : node?.inputs[socket.socket.index]) ?? { name, type };
      const ends = outward ? { nodeFrom: node, slotFrom: slot } : { nodeTo: node, slotTo: slot };
      return page.call(insides(), "createDefaultNodeForSlot", { ...ends, position: [x, y], e: eventAt(page, "pointerup", { x, y }) }) === true;
    },
  };
}

/** Words over the upper right corner of a node. */
function drawBadges({ ctx, theme }: Env, box: NodeBox, node: LGraphNode): void {
  const badges = node["badges"];
  if (!Array.isArray(badges)) return;
  let right = box.w;
  for (const given of badges as unknown[]) {
    const badge = (typeof given === "function" ? (given as () => unknown)() : given) as Loose | null;
    const text = badge?.["text"];
    if (typeof text !== "string" || text === "") continue;
    ctx.font = "11px sans-serif";
    const w = ctx.measureText(text).width + 10;
    ctx.fillStyle = typeof badge?.["bgColor"] === "string" ? badge["bgColor"] : theme.field;
    ctx.fillRect(right - w, -20, w, 16);
    ctx.fillStyle = typeof badge?.["fgColor"] === "string" ? badge["fgColor"] : theme.text;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(text, right - w + 5, -12);
    right -= w + 4;
  }
}

function partOf(page: Page, node: LGraphNode | undefined, input: string): WidgetPart | undefined {
  const field = fieldAt(node, input);
  if (!node || !field) return undefined;
  const drawn = draws(field.face, "draw");
  const button = field.type === "button";
  if (!drawn && !button && !field.face["element"]) return undefined;
  return {
    draw: (env, rect) => {
      field.face["last_y"] = rect.y - HEADER;
      // Scripts draw across the whole node, at the height that they are told.
      if (drawn) drawWith(page, env, BODY, field.face, "draw", node, rect.w + 2 * PAD, rect.y - HEADER, ROW, false);
      else if (button) drawButton(env, rect, field);
    },
    press: () => {
      if (!button) return !drawn && field.face["element"] !== undefined;
      page.call(field.face, "callback", field.face, page.canvas, node, page.canvas.graph_mouse, null);
      return true;
    },
  };
}

function drawButton({ ctx, theme }: Env, { x, y, w, h }: { x: number; y: number; w: number; h: number }, field: Field): void {
  ctx.fillStyle = theme.border;
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, 4);
  ctx.fill();
  ctx.font = "500 12px Inter Variable, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.text;
  const label = field.face["label"];
  ctx.fillText(typeof label === "string" ? label : field.name, x + w / 2, y + h / 2 + 0.5);
}

/** A press that a field or the node takes: it goes on to get every move. */
function grab(page: Page, node: LGraphNode | undefined, box: NodeBox, row: WidgetBox | null, world: Vec): Grip | null {
  if (!node || box.collapsed) return null;
  const local = (at: Vec): [number, number] => [at.x - box.x, at.y - box.y - HEADER];
  const field = row ? fieldAt(node, row.widget.name) : undefined;
  if (field && typeof field.face["mouse"] === "function") {
    const send = (type: string, at: Vec): unknown => page.call(field.face, "mouse", eventAt(page, type, at), local(at), node);
    const taken = send("pointerdown", world);
    if (taken !== true && typeof field.face["draw"] !== "function") return null;
    return {
      move: (at) => { send("pointermove", at); page.redraw(); },
      end: (at) => {
        send("pointerup", at);
        field.pull();
        page.redraw();
      },
    };
  }
  if (typeof node["onMouseDown"] !== "function") return null;
  if (page.call(node, "onMouseDown", eventAt(page, "pointerdown", world), local(world), page.canvas) !== true) return null;
  page.redraw();
  return {
    move: (at) => {
      page.call(node, "onMouseMove", eventAt(page, "pointermove", at), local(at), page.canvas);
      page.redraw();
    },
    end: (at) => {
      page.call(node, "onMouseUp", eventAt(page, "pointerup", at), local(at), page.canvas);
      page.redraw();
    },
  };
}

/** An event of the page as the peer's scripts read it, with the place on the canvas. */
function eventAt(page: Page, type: string, { x, y }: Vec): PointerEvent {
  const { camera } = page.app.renderer;
  const box = page.app.renderer.host.getBoundingClientRect();
  const event = new PointerEvent(type, { clientX: box.left + (x - camera.x) * camera.scale, clientY: box.top + (y - camera.y) * camera.scale, button: 0 });
  return Object.assign(event, { canvasX: x, canvasY: y });
}

/** The shapes of a node's fields, where scripts say something of them. */
export function shapesOf(node: LGraphNode | undefined): Shapes | null {
  if (!node) return null;
  return (name) => {
    const field = fieldAt(node, name);
    if (!field || (!field.hidden && !field.shaped)) return undefined;
    const { hidden } = field;
    return { hidden, height: hidden || !field.shaped ? null : (width) => field.height(width) ?? ROW };
  };
}
