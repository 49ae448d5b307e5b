/** Hands on fields that are drawn in: points of a curve, boxes on a picture. */
import type { Vec } from "../canvas/camera";
import type { NodeBox, WidgetBox } from "../canvas/layout";
import { setWidget } from "../model/actions";
import { type Box, boxAt, cornerAt, readBoxes, shifted, spanned, writeBoxes } from "../model/boxes";
import { addPoint, curvePoints, dropPoint, movePoint, nearestPoint, type Point, withPoints } from "../model/curve";
import type { Json } from "../model/json";
import { readWidget } from "../model/widgets";
import { boardOf, plotRect, toPlot } from "../widgets/plots";
import { gestureName, type Gesture, type Pointer } from "./gesture";
import type { Workspace } from "./workspace";

/** Canvas units around a point or corner that count as on it. */
const REACH = 9;

/** What a press in such a field begins; `open` shows the numbers in a text field. */
export function plot(ws: Workspace, box: NodeBox, row: WidgetBox, p: Pointer, open: (p: Pointer) => void): Gesture {
  return row.widget.kind === "curve" ? bend(ws, box, row, p, open) : frame(ws, box, row, p, open);
}

const local = (box: NodeBox, { x, y }: Vec): Vec => ({ x: x - box.x, y: y - box.y });

/** A gesture that writes the value for each place of the pointer, and puts the old one back if it is cut off. */
function writing(ws: Workspace, box: NodeBox, row: WidgetBox, valueAt: (p: Pointer) => Json, click: (p: Pointer) => Json | null): Gesture {
  const name = gestureName("plot");
  const before = readWidget(box.node, box.allWidgets, row.widget);
  const write = (value: Json): void => {
    setWidget(ws.doc, ws.scene.specs, box.key, row.widget.name, value, name);
  };
  return {
    cursor: "crosshair",
    move: (p) => {
      write(valueAt(p));
    },
    end: (p, moved) => {
      const clicked = moved ? null : click(p);
      if (clicked !== null) write(clicked);
      ws.doc.endGesture();
    },
    cancel: () => {
      write(before);
      ws.doc.endGesture();
    },
  };
}

/** Drag a point, or make one where there is none; with Alt, a click takes one away. */
function bend(ws: Workspace, box: NodeBox, row: WidgetBox, p: Pointer, open: (p: Pointer) => void): Gesture {
  const value = readWidget(box.node, box.allWidgets, row.widget);
  const area = plotRect(row);
  const place = (at: Pointer): Point => toPlot(area, local(box, at.world));
  const old = curvePoints(value);
  const found = nearestPoint(old, place(p), [REACH / area.w, REACH / area.h]);
  const start = found < 0 ? addPoint(old, place(p)) : { points: [...old], index: found };
  return writing(ws, box, row,
    (at) => withPoints(value, movePoint(start.points, start.index, place(at))),
    (at) => {
      if (found >= 0 && p.alt) return withPoints(value, dropPoint(old, found));
      if (found < 0) return withPoints(value, start.points);
      open(at);
      return null;
    });
}

/** Move a box, drag a corner, or draw a new one; with Alt, a click takes one away. */
function frame(ws: Workspace, box: NodeBox, row: WidgetBox, p: Pointer, open: (p: Pointer) => void): Gesture {
  const many = row.widget.input.type === "BOUNDING_BOXES";
  const boxes = readBoxes(readWidget(box.node, box.allWidgets, row.widget));
  const board = boardOf(ws.scene, box, row, boxes);
  const place = (at: Pointer): Vec => {
    const { x, y } = local(box, at.world);
    return { x: (x - board.area.x) * board.scale, y: (y - board.area.y) * board.scale };
  };
  const from = place(p);
  const corners = boxes.map((one) => cornerAt(one, from.x, from.y, REACH * board.scale));
  const cornered = corners.findLastIndex((corner) => corner !== null);
  const corner = corners[cornered];
  const inside = cornered >= 0 ? cornered : boxAt(boxes, from.x, from.y);
  const held = boxes[inside];
  const put = (one: Box): Json => writeBoxes(many, held ? boxes.with(inside, one) : many ? [...boxes, one] : [one]);
  const valueAt = (at: Pointer): Json => {
    const to = place(at);
    if (held && !corner) return put(shifted(board.frame, held, to.x - from.x, to.y - from.y));
    const anchor = corner ?? from;
    return put(spanned(board.frame, anchor.x, anchor.y, to.x, to.y, held?.raw));
  };
  return writing(ws, box, row, valueAt, (at) => {
    if (held && p.alt) return writeBoxes(many, boxes.toSpliced(inside, 1));
    open(at);
    return null;
  });
}
