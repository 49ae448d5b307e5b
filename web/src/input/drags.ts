/** Dragging nodes, groups, corners and numbers. */
import { groupRect } from "../canvas/backdrop";
import type { Vec } from "../canvas/camera";
import { HEADER, type NodeBox, type WidgetBox } from "../canvas/layout";
import { moveNodes, placeNode, resizeNode, setWidget } from "../model/actions";
import { readWidget } from "../model/widgets";
import { type Key, posOf, type RawGroup, sizeOf } from "../model/workflow";
import { clampNumber, stepOf } from "../widgets/numbers";
import type { Gesture, Pointer } from "./gesture";
import type { Workspace } from "./workspace";

/** Pixels of travel that one step of a number takes. */
const SCRUB_PX = 4;
const SNAP = 8;
let count = 0;
/** A name no other gesture has, so that its edits become one step. */
const gestureName = (what: string): string => `${what} ${String(++count)}`;

const snap = (value: number, on: boolean): number => (on ? Math.round(value / SNAP) * SNAP : Math.round(value));

/** Move the selection; ctrl snaps to 8 units. */
export function dragNodes(ws: Workspace, click: (p: Pointer) => void): Gesture {
  const name = gestureName("move");
  const starts = new Map<Key, Vec>();
  for (const key of ws.selected()) {
    const node = ws.doc.node(key);
    if (node) starts.set(key, { x: posOf(node)[0], y: posOf(node)[1] });
  }
  const place = (dx: number, dy: number, grid: boolean): void => {
    const to = new Map([...starts].map(([key, s]) => [key, { x: snap(s.x + dx, grid), y: snap(s.y + dy, grid) }]));
    moveNodes(ws.doc, to, name);
  };
  return {
    cursor: "grabbing",
    move: (p) => {
      const { scale } = ws.renderer.camera;
      place(p.travel.x / scale, p.travel.y / scale, p.ctrl);
    },
    end: (p, moved) => {
      ws.doc.endGesture();
      if (!moved) click(p);
    },
    cancel: () => {
      place(0, 0, false);
      ws.doc.endGesture();
    },
  };
}

/** Move a group with the nodes whose middle lies inside. */
export function dragGroup(ws: Workspace, group: RawGroup, index: number): Gesture {
  const name = gestureName("group");
  const rect = groupRect(group);
  const inside = ws.scene.visible(rect).filter((box) => {
    const x = box.x + box.w / 2;
    const y = box.y + box.h / 2;
    return x > rect.x && x < rect.x + rect.w && y > rect.y && y < rect.y + rect.h;
  });
  const starts = inside.map((box) => ({ key: box.key, x: box.x, y: box.y + HEADER }));
  const place = (dx: number, dy: number): void => {
    ws.doc.edit("Move group", (edit) => {
      edit.set(["groups", index, "bounding"], [Math.round(rect.x + dx), Math.round(rect.y + dy), rect.w, rect.h]);
      for (const s of starts) placeNode(edit, ws.doc, s.key, { x: Math.round(s.x + dx), y: Math.round(s.y + dy) });
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
    end: finish,
    cancel: () => {
      place(0, 0);
      finish();
    },
  };
}

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

/** Scrub a number: right and up is more; shift goes fine, ctrl coarse. A click opens the field. */
export function scrub(ws: Workspace, box: NodeBox, row: WidgetBox, click: () => void): Gesture {
  const name = gestureName("scrub");
  const { input } = row.widget;
  const start = readWidget(box.node, box.allWidgets, row.widget);
  let value = Number(start);
  let last = 0;
  const write = (to: typeof start): void => {
    setWidget(ws.doc, ws.scene.specs, box.key, row.widget.name, to, name);
  };
  return {
    cursor: "ew-resize",
    move: (p) => {
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
