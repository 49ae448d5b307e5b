/** What lies under a point: the nearest socket first, then the topmost node, wires, groups. */
import type { Reroute } from "../model/reroutes";
import type { RawGroup } from "../model/workflow";
import { groupsOf, keyOf } from "../model/workflow";
import { GROUP_HEADER, groupRect } from "./backdrop";
import { contains, overlaps, type Vec } from "./camera";
import { distance } from "./curves";
import { HEADER, type NodeBox, type SocketBox, type WidgetBox } from "./layout";
import { type Scene, socketAt, type Wire } from "./scene";

export type Hit =
  | { kind: "socket"; box: NodeBox; socket: SocketBox }
  | { kind: "widget"; box: NodeBox; row: WidgetBox; side: boolean }
  | { kind: "resize"; box: NodeBox }
  | { kind: "header"; box: NodeBox }
  | { kind: "preview"; box: NodeBox }
  | { kind: "body"; box: NodeBox }
  | { kind: "wire"; wire: Wire }
  | { kind: "reroute"; reroute: Reroute }
  | { kind: "group"; group: RawGroup; index: number };

/** Screen pixels around a socket or wire that count as on it; fingers get more. */
export interface Reach {
  socket: number;
  wire: number;
  corner: number;
}

export const MOUSE: Reach = { socket: 11, wire: 6, corner: 12 };
export const TOUCH: Reach = { socket: 22, wire: 14, corner: 26 };

export function hitTest(scene: Scene, p: Vec, scale: number, reach: Reach = MOUSE): Hit | null {
  const r = reach.socket / scale;
  const near = scene.visible({ x: p.x - r, y: p.y - r, w: 2 * r, h: 2 * r }).reverse();
  const top = near.find((box) => contains(box, p));
  if (scale >= 0.35) {
    const socket = nearestSocket(top ? [top, ...near.filter((box) => box !== top)] : near, p, r, top);
    if (socket) return socket;
  }
  if (top) return insideNode(top, p, scale, reach);
  return hitReroute(scene, p, reach.socket / scale) ?? hitWire(scene, p, reach.wire / scale) ?? hitGroup(scene, p);
}

/** Sockets of a covered node do not count where the node above hides them. */
function nearestSocket(boxes: readonly NodeBox[], p: Vec, r: number, top: NodeBox | undefined): Hit | null {
  let best: Hit | null = null;
  let least = r;
  for (const box of boxes) {
    if (top && box !== top) continue;
    for (const socket of box.sockets) {
      const at = socketAt(box, socket);
      const away = Math.hypot(at.x - p.x, at.y - p.y);
      // Widget rows begin close to the edge: their small sockets give way to the field.
      const small = socket.socket.widget !== null && p.x > at.x + 7;
      if (away < least && !small) {
        least = away;
        best = { kind: "socket", box, socket };
      }
    }
  }
  return best;
}

function insideNode(box: NodeBox, p: Vec, scale: number, reach: Reach): Hit {
  const local = { x: p.x - box.x, y: p.y - box.y };
  const corner = Math.min(reach.corner / scale, 20);
  if (!box.collapsed && local.x > box.w - corner && local.y > box.h - corner) return { kind: "resize", box };
  if (local.y < HEADER) return { kind: "header", box };
  const row = scale >= 0.35 ? box.widgets.find(({ rect }) => contains(rect, local)) : undefined;
  if (row) return { kind: "widget", box, row, side: row.side !== null && contains(row.side.rect, local) };
  return box.preview && contains(box.preview, local) ? { kind: "preview", box } : { kind: "body", box };
}

function hitReroute(scene: Scene, p: Vec, r: number): Hit | null {
  const near = scene.rerouteList().find(({ x, y }) => Math.hypot(x - p.x, y - p.y) < Math.max(r, 7));
  return near ? { kind: "reroute", reroute: near } : null;
}

/** Distance to what is drawn of a wire: of a hidden one only the ends. */
function wireDistance(wire: Wire, p: Vec): number {
  if (!wire.hidden) return Math.min(...wire.curves.map((path) => distance(path, p)));
  const ends = [wire.curves[0]?.a, wire.curves.at(-1)?.b].flatMap((end, i) => (end ? [{ x: end.x + (i ? -24 : 24), y: end.y }] : []));
  return Math.min(...ends.map((end) => Math.hypot(end.x - p.x, end.y - p.y) - 8));
}

function hitWire(scene: Scene, p: Vec, r: number): Hit | null {
  let best: Wire | null = null;
  let least = r;
  const around = { x: p.x - r, y: p.y - r, w: 2 * r, h: 2 * r };
  for (const wire of scene.wires()) {
    if (!overlaps(wire.bounds, around)) continue;
    const away = wireDistance(wire, p);
    if (away < least) {
      least = away;
      best = wire;
    }
  }
  return best && { kind: "wire", wire: best };
}

function hitGroup(scene: Scene, p: Vec): Hit | null {
  const all = scene.doc.raw["groups"];
  if (!Array.isArray(all)) return null;
  for (const group of groupsOf(scene.doc.raw).reverse()) {
    const rect = groupRect(group);
    if (contains({ ...rect, h: GROUP_HEADER }, p)) return { kind: "group", group, index: all.indexOf(group) };
  }
  return null;
}

export const wireKey = (wire: Wire): string => keyOf(wire.link.id);
