/** Reroutes by hand: pressing one drags it, alt on a wire makes one. */
import type { Vec } from "../canvas/camera";
import { distance } from "../canvas/curves";
import { hitTest, MOUSE, TOUCH } from "../canvas/hit";
import type { Wire } from "../canvas/scene";
import { looseAt, plugIn } from "../model/floating";
import { addReroute, moveReroute, type Reroute } from "../model/reroutes";
import { type Key, keyOf } from "../model/workflow";
import type { Gesture, Pointer } from "./gesture";
import type { Workspace } from "./workspace";

let count = 0;

export function dragReroute(ws: Workspace, { id, x, y }: Pick<Reroute, "id" | "x" | "y">, click: (at: Vec) => void): Gesture {
  const key: Key = keyOf(id);
  const name = `reroute ${String(++count)}`;
  return {
    cursor: "grabbing",
    move: ({ travel }) => {
      const { scale } = ws.renderer.camera;
      moveReroute(ws.doc, key, x + travel.x / scale, y + travel.y / scale, name);
    },
    end: (p, moved) => {
      // The ring that was let go on a socket goes back: the wire leads on from where it was.
      if (moved && plugged(ws, key, p, name)) moveReroute(ws.doc, key, x, y, name);
      ws.doc.endGesture();
      if (!moved) click(p.screen);
    },
    cancel: () => {
      moveReroute(ws.doc, key, x, y, name);
      ws.doc.endGesture();
    },
  };
}

/** The loose end of a wire was dropped on a socket that takes it. */
function plugged(ws: Workspace, key: Key, p: Pointer, gesture: string): boolean {
  const wire = looseAt(ws.doc, key);
  const hit = wire && hitTest(ws.scene, p.world, ws.renderer.camera.scale, p.touch ? TOUCH : MOUSE);
  if (hit?.kind !== "socket" || hit.socket.side === wire?.side || !wire) return false;
  const { name, type } = hit.socket.socket;
  return plugIn(ws.doc, ws.scene.specs, wire, { node: hit.box.key, slot: hit.socket.order, name, type }, gesture);
}

/** A new reroute on the piece of the wire that is nearest to a point, ready to be dragged. */
export function pullReroute(ws: Workspace, wire: Wire, at: Vec): Gesture {
  const away = wire.curves.map((path) => distance(path, at));
  const nearest = away.indexOf(Math.min(...away));
  // Wires with corners have several curves between two points.
  const segment = Math.floor((nearest * (wire.via.length + 1)) / wire.curves.length);
  const key = addReroute(ws.doc, wire.key, segment, at.x, at.y);
  return dragReroute(ws, { id: key, x: at.x, y: at.y }, () => undefined);
}
