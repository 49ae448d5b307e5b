/**
 * Pulling a wire: from an output, from a free input, or off the input it is plugged into.
 *
 * While it is pulled every socket that would take it is ringed; over one that would not, the
 * reason stands at the pointer.
 */
import { t } from "../i18n";
import { contains, type Vec } from "../canvas/camera";
import type { Env } from "../canvas/drawnode";
import { hitTest, MOUSE, TOUCH } from "../canvas/hit";
import type { NodeBox, SocketBox } from "../canvas/layout";
import { socketAt } from "../canvas/scene";
import { typeColor } from "../canvas/theme";
import { curvesThrough } from "../canvas/curves";
import { strokeWire } from "../canvas/wires";
import { connectNodes, disconnect } from "../model/actions";
import { compatible } from "../model/types";
import { cut, connect, type InputEnd, type OutputEnd, whyNot } from "../model/wiring";
import { keyOf, type Link } from "../model/workflow";
import { refuse } from "./bridging";
import type { Gesture, Pointer } from "./gesture";
import { drawTip } from "./tip";
import type { LooseEnd, Workspace } from "./workspace";

/** The end that stays, and the wire that is unplugged meanwhile. */
interface Pull {
  box: NodeBox;
  socket: SocketBox;
  unplugged: Link | null;
}

interface Target {
  box: NodeBox;
  socket: SocketBox;
  reason: string | null;
}

export function pullWire(ws: Workspace, box: NodeBox, socket: SocketBox): Gesture {
  return new LinkDrag(ws, startOf(ws, box, socket));
}

/** Off a plugged input the wire's other end stays, else the pressed one. */
function startOf(ws: Workspace, box: NodeBox, socket: SocketBox): Pull {
  const link = socket.socket.link === null ? null : ws.doc.link(socket.socket.link);
  const source = link && ws.scene.boxes.get(link.from);
  const output = source?.sockets.find((s) => s.side === "output" && s.order === link?.fromSlot);
  return source && output ? { box: source, socket: output, unplugged: link } : { box, socket, unplugged: null };
}

class LinkDrag implements Gesture {
  cursor = "crosshair";
  reaches = true;
  private target: Target | null = null;
  private at: Vec = { x: 0, y: 0 };

  constructor(
    private readonly ws: Workspace,
    private readonly pull: Pull,
  ) {
    ws.scene.hoverWire = pull.unplugged ? String(pull.unplugged.id) : null;
  }

  move(p: Pointer): void {
    this.at = p.world;
    this.target = this.find(p);
    this.ws.renderer.gesture = (env) => {
      this.draw(env);
    };
    this.ws.renderer.ask("overlay");
  }

  end(p: Pointer, moved: boolean): void {
    this.clear();
    const { ws, pull, target } = this;
    if (!moved) return;
    if (target?.reason) this.refuse(p.screen, target, target.reason);
    else if (target) this.plug(target);
    else if (pull.unplugged) disconnect(ws.doc, keyOf(pull.unplugged.id));
    else this.searchAt(p);
  }

  cancel(): void {
    this.clear();
  }

  private clear(): void {
    this.ws.renderer.gesture = null;
    this.ws.scene.hoverWire = null;
    this.ws.renderer.ask("world");
  }

  private plug(target: Target): void {
    const { ws, pull } = this;
    const { from, to } = this.ends(target);
    const [out, into] = pull.socket.side === "output" ? [pull, target] : [target, pull];
    if (ws.scene.plugged.everywhere?.refuses(out, into)) {
      ws.doors.say(t("An extension of one of the nodes refuses this wire."), "error");
      return;
    }
    const same = pull.unplugged && keyOf(pull.unplugged.to) === to.node;
    const old = pull.unplugged;
    if (!old) {
      connectNodes(ws.doc, ws.scene.specs, from, to);
      return;
    }
    const before = ws.doc.node(old.to)?.inputs?.[old.toSlot]?.name;
    if (same && before === to.name) return;
    ws.doc.edit("Move wire", (edit) => {
      cut(edit, ws.doc, keyOf(old.id));
      connect(edit, ws.doc, ws.scene.specs, from, to);
    });
  }

  /** A wire between types that differ can be helped; a loop cannot. */
  private refuse(at: Vec, target: Target, reason: string): void {
    const { ws, pull } = this;
    const [out, into] = pull.socket.side === "output" ? [pull, target] : [target, pull];
    const types = [out.socket.socket.type, into.socket.socket.type] as const;
    if (pull.unplugged || compatible(...types)) ws.doors.say(reason, "error");
    else refuse(ws, at, { reason, types, ...this.ends(target), a: socketAt(out.box, out.socket), b: socketAt(into.box, into.socket) });
  }

  private ends(target: { box: NodeBox; socket: SocketBox }): { from: OutputEnd; to: InputEnd } {
    const { pull } = this;
    const [out, into] = pull.socket.side === "output" ? [pull, target] : [target, pull];
    return {
      from: { node: out.box.key, slot: out.socket.order },
      to: { node: into.box.key, name: into.socket.socket.name },
    };
  }

  private searchAt(p: Pointer): void {
    const { ws, pull } = this;
    if (ws.scene.plugged.everywhere?.dropped(pull, p.world)) return;
    const { type } = pull.socket.socket;
    const outward = pull.socket.side === "output";
    const loose: LooseEnd = outward
      ? { from: { node: pull.box.key, slot: pull.socket.order }, type }
      : { to: { node: pull.box.key, name: pull.socket.socket.name }, type };
    ws.doors.search(p.screen, { side: outward ? "input" : "output", type }, (spec) => {
      ws.add(spec, p.world, loose);
    });
  }

  /** The socket under the pointer, or the first that fits on the node under it. */
  private find(p: Pointer): Target | null {
    const { scene, renderer } = this.ws;
    const hit = hitTest(scene, p.world, renderer.camera.scale, p.touch ? TOUCH : MOUSE);
    if (!hit || !("box" in hit) || hit.box === this.pull.box) return null;
    const wanted = this.pull.socket.side === "output" ? "input" : "output";
    if (hit.kind === "socket" && hit.socket.side === wanted) return this.judge(hit.box, hit.socket);
    const row = hit.kind === "widget" && wanted === "input" ? hit.row.socket : null;
    if (row && this.fits(row)) return this.judge(hit.box, row);
    const fitting = hit.box.sockets.filter((s) => s.side === wanted && this.fits(s));
    const best = fitting.find((s) => s.socket.widget === null && s.socket.link === null) ?? fitting[0];
    const fallback = hit.box.sockets.find((s) => s.side === wanted && s.socket.widget === null);
    const chosen = best ?? fallback;
    return chosen && contains(hit.box, p.world) ? this.judge(hit.box, chosen) : null;
  }

  private fits(socket: SocketBox): boolean {
    const { type } = this.pull.socket.socket;
    const outward = this.pull.socket.side === "output";
    return outward ? compatible(type, socket.socket.type) : compatible(socket.socket.type, type);
  }

  private judge(box: NodeBox, socket: SocketBox): Target {
    const { from, to } = this.ends({ box, socket });
    return { box, socket, reason: whyNot(this.ws.doc, this.ws.scene.specs, from, to) };
  }

  private draw(env: Env): void {
    const { pull, target } = this;
    this.ringFitting(env);
    const fixed = socketAt(pull.box, pull.socket);
    const loose = target && !target.reason ? socketAt(target.box, target.socket) : this.at;
    const [a, b] = pull.socket.side === "output" ? [fixed, loose] : [loose, fixed];
    const color = target?.reason ? env.theme.error : typeColor(env.theme, pull.socket.socket.type);
    for (const path of curvesThrough([a, b], env.scene.linkStyle)) strokeWire(env.ctx, env.theme, env.camera, path, color);
    if (target?.reason) drawTip(env, this.at, target.reason);
  }

  private ringFitting({ ctx, scene, camera, theme }: Env): void {
    const wanted = this.pull.socket.side === "output" ? "input" : "output";
    ctx.lineWidth = 1.5 / camera.scale;
    ctx.strokeStyle = typeColor(theme, this.pull.socket.socket.type);
    ctx.beginPath();
    for (const box of scene.visible(camera.view)) {
      if (box === this.pull.box) continue;
      for (const socket of box.sockets) {
        if (socket.side !== wanted || !this.fits(socket)) continue;
        const { x, y } = socketAt(box, socket);
        const r = socket === this.target?.socket ? 10 : 7.5;
        ctx.moveTo(x + r, y);
        ctx.arc(x, y, r, 0, 7);
      }
    }
    ctx.stroke();
  }
}
