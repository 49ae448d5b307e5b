/** Shift drag from an output: all its wires move to another output at once. */
import type { Vec } from "../canvas/camera";
import { curvesThrough } from "../canvas/curves";
import { hitTest, MOUSE } from "../canvas/hit";
import type { NodeBox, SocketBox } from "../canvas/layout";
import { socketAt } from "../canvas/scene";
import { typeColor } from "../canvas/theme";
import { strokeWire } from "../canvas/wires";
import { compatible } from "../model/types";
import { connect } from "../model/wiring";
import type { Link } from "../model/workflow";
import type { Gesture, Pointer } from "./gesture";
import { pullWire } from "./linkdrag";
import type { Workspace } from "./workspace";

export function pullAll(ws: Workspace, box: NodeBox, socket: SocketBox): Gesture {
  const links = ws.doc.linksOf(box.key).filter((l) => l.from === box.key && l.fromSlot === socket.order);
  if (links.length === 0) return pullWire(ws, box, socket);
  const ends = ws.scene.wires().filter((w) => links.some((l) => l.id === w.link.id)).map((w) => socketAt(w.to, w.b));
  const color = typeColor(ws.scene.theme, socket.socket.type);
  const clear = (): void => {
    ws.renderer.gesture = null;
    ws.renderer.ask("overlay");
  };
  return {
    cursor: "crosshair",
    reaches: true,
    move: (p) => {
      ws.renderer.gesture = (env) => {
        for (const end of ends) {
          for (const path of curvesThrough([p.world, end], env.scene.linkStyle)) strokeWire(env.ctx, env.theme, env.camera, path, color);
        }
      };
      ws.renderer.ask("overlay");
    },
    end: (p, moved) => {
      clear();
      if (moved) moveLinks(ws, links, outputUnder(ws, p, socket));
    },
    cancel: clear,
  };
}

/** The output under the pointer, or the first fitting one of the node there. */
function outputUnder(ws: Workspace, p: Pointer, like: SocketBox): { node: string; slot: number } | null {
  const at: Vec = p.world;
  const hit = hitTest(ws.scene, at, ws.renderer.camera.scale, MOUSE);
  if (!hit || !("box" in hit)) return null;
  const fits = (s: SocketBox): boolean => s.side === "output" && compatible(s.socket.type, like.socket.type);
  const found = hit.kind === "socket" && fits(hit.socket) ? hit.socket : hit.box.sockets.find(fits);
  return found ? { node: hit.box.key, slot: found.order } : null;
}

function moveLinks(ws: Workspace, links: readonly Link[], to: { node: string; slot: number } | null): void {
  if (!to) return;
  ws.doc.edit("Move wires", (edit) => {
    for (const link of links) {
      const name = ws.doc.node(link.to)?.inputs?.[link.toSlot]?.name;
      if (name !== undefined && link.to !== to.node) connect(edit, ws.doc, ws.scene.specs, to, { node: link.to, name });
    }
  });
}
