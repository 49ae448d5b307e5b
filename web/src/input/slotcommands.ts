/** What a menu does at sockets and wires: unplug, wire to something new, rename, insert. */
import { t } from "../i18n";
import type { Vec } from "../canvas/camera";
import { pointAt } from "../canvas/curves";
import { HEADER, type NodeBox, naturalSize, type SocketBox } from "../canvas/layout";
import { socketAt, type Wire } from "../canvas/scene";
import { insertNode } from "../model/actions";
import { isBoundary } from "../model/boundary";
import { addReroute } from "../model/reroutes";
import { ensureInput, ensureOutput } from "../model/slots";
import { connect, cut, firstInput, firstOutput } from "../model/wiring";
import { type Key, keyOf } from "../model/workflow";
import { openField } from "../widgets/editor";
import type { LooseEnd, Workspace } from "./workspace";

/** The wires at a socket. */
export function wiresAt(ws: Workspace, box: NodeBox, { side, order, socket }: SocketBox): Key[] {
  const links = [...ws.doc.linksOf(box.key)];
  const mine = side === "output"
    ? links.filter((link) => link.from === box.key && link.fromSlot === order)
    : links.filter((link) => link.to === box.key && keyOf(link.id) === socket.link);
  return mine.map((link) => keyOf(link.id));
}

export function unplug(ws: Workspace, box: NodeBox, socket: SocketBox): void {
  const wires = wiresAt(ws, box, socket);
  ws.doc.edit("Disconnect", (edit) => {
    for (const key of wires) cut(edit, ws.doc, key);
  });
}

/** Choose a node that fits a socket; it comes wired. */
export function wireNew(ws: Workspace, at: Vec, box: NodeBox, { side, order, socket }: SocketBox): void {
  const { type, name } = socket;
  const outward = side === "output";
  const loose: LooseEnd = outward ? { from: { node: box.key, slot: order }, type } : { to: { node: box.key, name }, type };
  const away = outward ? 60 : -60;
  ws.doors.search(at, { side: outward ? "input" : "output", type }, (spec) => {
    const p = ws.renderer.camera.toWorld(at);
    ws.add(spec, { x: p.x + away, y: p.y }, loose);
  });
}

/** Type another label for a socket; its name, which files and prompts use, stays. */
export function renameSocket(ws: Workspace, box: NodeBox, shown: SocketBox): void {
  const at = socketAt(box, shown);
  ws.edit((site) => openField(site, {
    rect: () => ({ x: shown.side === "input" ? at.x + 8 : at.x - 128, y: at.y - HEADER / 2 + 2, w: 120, h: HEADER - 4 }),
    value: shown.socket.label,
    kind: "title",
    label: t("Name of the slot"),
    apply: () => undefined,
    finish: (text) => {
      if (text.trim() !== shown.socket.label) setLabel(ws, box, shown, text.trim());
    },
  }));
}

function setLabel(ws: Workspace, box: NodeBox, { side, order, socket }: SocketBox, label: string): void {
  const { doc } = ws;
  const node = doc.node(box.key);
  const { spec } = box;
  if (!node || !spec || isBoundary(box.key)) return;
  const path = doc.nodePath(box.key);
  doc.edit("Rename slot", (edit) => {
    const index = side === "input" ? ensureInput(edit, path, node, spec, socket.name) : ensureOutput(edit, path, node, spec, order);
    edit.set([...path, `${side}s`, index, "label"], label === "" || label === socket.name ? undefined : label);
  });
}

/** Choose a node and put it into a wire, as far as its sockets fit. */
export function insertIntoWire(ws: Workspace, at: Vec, wire: Wire): void {
  const { link } = wire;
  ws.doors.search(at, { side: "input", type: link.type }, (spec) => {
    const size = naturalSize(spec);
    const p = ws.renderer.camera.toWorld(at);
    let key = "";
    ws.doc.edit(`Insert ${spec.title}`, (edit) => {
      key = insertNode(edit, ws.doc, spec, { x: p.x - size[0] / 2, y: p.y + HEADER / 2 }, size);
      const target = ws.doc.node(link.to)?.inputs?.[link.toSlot]?.name;
      const name = firstInput(ws.doc, ws.scene.specs, key, link.type);
      const slot = firstOutput(ws.doc, ws.scene.specs, key, link.type);
      if (name !== null) connect(edit, ws.doc, ws.scene.specs, { node: link.from, slot: link.fromSlot }, { node: key, name });
      if (slot !== null && target !== undefined) connect(edit, ws.doc, ws.scene.specs, { node: key, slot }, { node: link.to, name: target });
    });
    ws.select([key]);
  });
}

/** A point in the middle of a wire. */
export function bendWire(ws: Workspace, wire: Wire): void {
  const middle = Math.floor((wire.curves.length - 1) / 2);
  const path = wire.curves[middle];
  if (!path) return;
  const { x, y } = pointAt(path, 0.5);
  addReroute(ws.doc, wire.key, Math.floor((middle * (wire.via.length + 1)) / wire.curves.length), x, y);
}
