/** Dragging nodes, groups, corners and numbers. */
import { groupRect } from "../canvas/backdrop";
import { contains, overlaps, type Rect, type Vec } from "../canvas/camera";
import { distance } from "../canvas/curves";
import { HEADER, type NodeBox, type WidgetBox } from "../canvas/layout";
import type { Wire } from "../canvas/scene";
import { moveNodes, placeNode, resizeNode, setWidget } from "../model/actions";
import { moveReroute } from "../model/reroutes";
import { connect, firstInput, firstOutput } from "../model/wiring";
import { readWidget } from "../model/widgets";
import { flagsOf, type Key, keyOf, posOf, type RawGroup, sizeOf } from "../model/workflow";
import { clampNumber, displayOf, slid, stepOf } from "../widgets/numbers";
import { nodesIn } from "./arrangecommands";
import { type Gesture, gestureName, type Pointer } from "./gesture";
import type { Workspace } from "./workspace";

/** Pixels of travel that one step of a number takes. */
const SCRUB_PX = 4;

/** To the nearest multiple of a step; a step of 1 is free. */
const snap = (value: number, step: number): number => Math.round(value / step) * step;

/** Move the selection; ctrl, or the setting, snaps to the grid. Dropped on a wire, a node goes in. */
export function dragNodes(ws: Workspace, click: (p: Pointer) => void): Gesture {
  const name = gestureName("move");
  const starts = new Map<Key, Vec>();
  for (const key of ws.selected()) {
    const node = ws.doc.node(key);
    if (node && flagsOf(node)["pinned"] !== true) starts.set(key, { x: posOf(node)[0], y: posOf(node)[1] });
  }
  const place = (dx: number, dy: number, grid: boolean): void => {
    const step = grid ? ws.gridStep : 1;
    const to = new Map([...starts].map(([key, s]) => [key, { x: snap(s.x + dx, step), y: snap(s.y + dy, step) }]));
    moveNodes(ws.doc, to, name);
  };
  const [only, ...more] = starts.keys();
  const lone = only !== undefined && more.length === 0 ? only : null;
  return {
    cursor: "grabbing",
    reaches: true,
    move: (p) => {
      const { scale } = ws.renderer.camera;
      place(p.travel.x / scale, p.travel.y / scale, p.ctrl !== ws.snapping);
      light(ws, lone === null ? null : wireUnder(ws, lone));
    },
    end: (p, moved) => {
      const wire = moved && lone !== null ? wireUnder(ws, lone) : null;
      light(ws, null);
      if (wire && lone !== null) insertInto(ws, wire, lone, name);
      ws.doc.endGesture();
      if (!moved) click(p);
    },
    cancel: () => {
      light(ws, null);
      place(0, 0, false);
      ws.doc.endGesture();
    },
  };
}

function light(ws: Workspace, wire: Wire | null): void {
  const key = wire?.key ?? null;
  if (ws.scene.hoverWire === key) return;
  ws.scene.hoverWire = key;
  ws.renderer.ask("world");
}

/** The wire that a node without wires covers and fits into. */
function wireUnder(ws: Workspace, key: Key): Wire | null {
  const box = ws.scene.boxes.get(key);
  if (!box || ws.doc.linksOf(key).length > 0) return null;
  const at = { x: box.x + box.w / 2, y: box.y + HEADER / 2 };
  const near = ws.scene.wires().filter((w) => overlaps(w.bounds, box));
  const reach = HEADER / 2 + 4;
  const over = near.find((w) => w.curves.some((path) => distance(path, at) < reach));
  return over && ends(ws, over, key) ? over : null;
}

/** Where a wire would enter and leave a node that is put into it. */
function ends(ws: Workspace, wire: Wire, key: Key): { name: string; slot: number } | null {
  const { doc, scene } = ws;
  const name = firstInput(doc, scene.specs, key, wire.a.socket.type);
  const slot = firstOutput(doc, scene.specs, key, wire.b.socket.type);
  return name === null || slot === null ? null : { name, slot };
}

function insertInto(ws: Workspace, wire: Wire, key: Key, gesture: string): void {
  const at = ends(ws, wire, key);
  const { doc, scene } = ws;
  const target = wire.b.socket.name;
  if (!at) return;
  doc.edit("Insert into wire", (edit) => {
    connect(edit, doc, scene.specs, { node: wire.link.from, slot: wire.link.fromSlot }, { node: key, name: at.name });
    connect(edit, doc, scene.specs, { node: key, slot: at.slot }, { node: wire.link.to, name: target });
  }, gesture);
}

/** Move a group with the nodes whose middle lies inside, and the groups within it. */
export function dragGroup(ws: Workspace, group: RawGroup, index: number, click: (p: Pointer) => void): Gesture {
  const name = gestureName("group");
  const rect = groupRect(group);
  const free = nodesIn(ws, group).filter((box) => flagsOf(box.node)["pinned"] !== true);
  const starts = free.map((box) => ({ key: box.key, x: box.x, y: box.y + box.lift }));
  const all = (ws.doc.raw["groups"] ?? []) as RawGroup[];
  const nested = all.flatMap((other, i) => (i === index || within(groupRect(other), rect) ? [{ i, at: groupRect(other) }] : []));
  const points = ws.scene.rerouteList().filter((r) => contains(rect, r));
  const place = (dx: number, dy: number): void => {
    ws.doc.edit("Move group", (edit) => {
      for (const { i, at } of nested) {
        edit.set(["groups", i, "bounding"], [Math.round(at.x + dx), Math.round(at.y + dy), at.w, at.h]);
      }
      for (const s of starts) placeNode(edit, ws.doc, s.key, { x: Math.round(s.x + dx), y: Math.round(s.y + dy) });
      for (const r of points) moveReroute(ws.doc, keyOf(r.id), r.x + dx, r.y + dy, null);
    }, name);
  };
  const finish = (): void => {
    ws.doc.endGesture();
  };
  return {
    cursor: "grabbing",
    move: (p) => {
      place(p.travel.x / ws.renderer.camera.scale, p.travel.y / ws.renderer.camera.scale);
    },
    end: (p, moved) => {
      finish();
      if (!moved) click(p);
    },
    cancel: () => {
      place(0, 0);
      finish();
    },
  };
}

const within = (inner: Rect, outer: Rect): boolean =>
  inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h;

/** Drag the lower right corner; a node is never smaller than its content. */
export function resize(ws: Workspace, box: NodeBox): Gesture {
  const name = gestureName("resize");
  const [w, h] = sizeOf(box.node);
  const start = { w: Math.max(w, box.w), h: Math.max(h, box.h - HEADER) };
  const apply = (dw: number, dh: number): void => {
    const width = Math.max(120, Math.round(start.w + dw));
    resizeNode(ws.doc, box.key, width, Math.max(box.minH - HEADER, Math.round(start.h + dh)), name);
  };
  return {
    cursor: "nwse-resize",
    move: (p) => {
      apply(p.travel.x / ws.renderer.camera.scale, p.travel.y / ws.renderer.camera.scale);
    },
    end: () => {
      ws.doc.endGesture();
    },
    cancel: () => {
      apply(0, 0);
      ws.doc.endGesture();
    },
  };
}

/** Scrub a number: right is more; shift goes fine, ctrl coarse; a slider follows the hand. A click opens the field. */
export function scrub(ws: Workspace, box: NodeBox, row: WidgetBox, click: () => void): Gesture {
  const name = gestureName("scrub");
  const { input } = row.widget;
  const start = readWidget(box.node, box.allWidgets, row.widget);
  let value = Number(start);
  let last = 0;
  const sliding = displayOf(input) !== "number";
  const slide = (p: Pointer): void => {
    const { scale } = ws.renderer.camera;
    const k = (p.shift ? 0.1 : 1) / scale;
    write(slid(input, Number(start), p.travel.x * k, p.travel.y * k, row.rect.w));
  };
  const write = (to: typeof start): void => {
    setWidget(ws.doc, ws.scene.specs, box.key, row.widget.name, to, name);
  };
  return {
    cursor: "ew-resize",
    move: (p) => {
      if (sliding) {
        slide(p);
        return;
      }
      const steps = Math.trunc((p.travel.x - last) / SCRUB_PX);
      if (steps === 0) return;
      last += steps * SCRUB_PX;
      const factor = p.shift ? 0.1 : p.ctrl ? 10 : 1;
      value = clampNumber(input, value + steps * stepOf(input) * factor);
      write(value);
    },
    end: (_, moved) => {
      ws.doc.endGesture();
      if (!moved) click();
    },
    cancel: () => {
      write(start);
      ws.doc.endGesture();
    },
  };
}
