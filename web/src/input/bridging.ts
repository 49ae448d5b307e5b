/** A refused wire offers the nodes that would make it fit, one click each. */
import { overlaps, type Rect, type Vec } from "../canvas/camera";
import { HEADER, naturalSize } from "../canvas/layout";
import { t } from "../i18n";
import { type Bridge, bridges } from "../model/bridges";
import type { Json } from "../model/json";
import { putBetween } from "../model/putbetween";
import { type InputEnd, type OutputEnd, reaches } from "../model/wiring";
import type { Workspace } from "./workspace";

const OFFERED = 3;
const STEP = 24;
const TRIES = 40;
const GAP = 16;

/** What is wrong with a wire and where: its ends, their types, and the world points of both sockets. */
export interface Refused {
  reason: string;
  from: OutputEnd;
  to: InputEnd;
  types: readonly [from: Json, to: Json];
  a: Vec;
  b: Vec;
}

/** Say why, and offer up to three nodes for between. */
export function refuse(ws: Workspace, at: Vec, wire: Refused): void {
  const loop = reaches(ws.doc, wire.to.node, wire.from.node);
  const found = loop ? [] : bridges(ws.scene.specs, ...wire.types).slice(0, OFFERED);
  if (found.length === 0) {
    ws.doors.say(wire.reason, "error");
    return;
  }
  const first = wire.reason.split(". ")[0] ?? wire.reason;
  ws.doors.offer(at, first.endsWith(".") ? first : `${first}.`, found.map((bridge) => ({
    title: t("Put {title} between", { title: bridge.spec.title }),
    run: () => {
      put(ws, bridge, wire);
    },
  })));
}

function put(ws: Workspace, bridge: Bridge, { from, to, a, b }: Refused): void {
  const size = naturalSize(bridge.spec);
  const at = freePlace(ws, { x: (a.x + b.x - size[0]) / 2, y: (a.y + b.y - size[1]) / 2 }, size);
  ws.select([putBetween(ws.doc, ws.scene.specs, bridge, { from, to }, at, size)]);
}

/** The nearest place above or below where a node covers no other. */
function freePlace(ws: Workspace, at: Vec, [w, h]: readonly [number, number]): Vec {
  const taken = (y: number): boolean => {
    const rect: Rect = { x: at.x - GAP, y: y - HEADER - GAP, w: w + 2 * GAP, h: h + HEADER + 2 * GAP };
    return [...ws.scene.boxes.values()].some((box) => overlaps(box, rect));
  };
  for (let i = 0; i < TRIES; i++) {
    const y = [at.y + i * STEP, at.y - i * STEP].find((place) => !taken(place));
    if (y !== undefined) return { x: at.x, y };
  }
  return at;
}
