/**
 * Values of BOUNDING_BOX (one) and BOUNDING_BOXES (a list): x, y, width, height in pixels.
 *
 * Keys beside these, such as labels, stay with their box.
 */
import { isObject, type Json, type JsonObject } from "./json";

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
  /** What the file keeps of it. */
  raw: JsonObject;
}

/** Width and height of the picture that boxes lie on. */
export interface Frame {
  w: number;
  h: number;
}

/** The frame where no picture is wired. */
const PLAIN = 512;

const number = (value: Json | undefined): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

/** The boxes of a value; those without an area are left out. */
export function readBoxes(value: Json): Box[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter(isObject).flatMap((raw) => {
    const box = { x: number(raw["x"]), y: number(raw["y"]), w: number(raw["width"]), h: number(raw["height"]), raw };
    return box.w > 0 && box.h > 0 ? [box] : [];
  });
}

/** The value that keeps these boxes. */
export function writeBoxes(many: boolean, boxes: readonly Box[]): Json {
  const list = boxes.map(({ x, y, w, h, raw }) => ({ ...raw, x, y, width: w, height: h }));
  return many ? list : (list.at(-1) ?? { x: 0, y: 0, width: 0, height: 0 });
}

/** What the boxes lie on if there is no picture: large enough for all of them. */
export function plainFrame(boxes: readonly Box[]): Frame {
  return {
    w: Math.max(PLAIN, ...boxes.map(({ x, w }) => x + w)),
    h: Math.max(PLAIN, ...boxes.map(({ y, h }) => y + h)),
  };
}

/** A box from one corner to another, in whole pixels of the frame. */
export function spanned(frame: Frame, ax: number, ay: number, bx: number, by: number, raw: JsonObject = {}): Box {
  const within = (value: number, most: number): number => Math.round(Math.min(most, Math.max(0, value)));
  const [left, right] = [within(Math.min(ax, bx), frame.w), within(Math.max(ax, bx), frame.w)];
  const [top, bottom] = [within(Math.min(ay, by), frame.h), within(Math.max(ay, by), frame.h)];
  return { x: left, y: top, w: right - left, h: bottom - top, raw };
}

/** A box moved by some pixels; it stays within the frame. */
export function shifted(frame: Frame, box: Box, dx: number, dy: number): Box {
  const x = Math.round(Math.min(Math.max(0, frame.w - box.w), Math.max(0, box.x + dx)));
  const y = Math.round(Math.min(Math.max(0, frame.h - box.h), Math.max(0, box.y + dy)));
  return { ...box, x, y };
}

/** Which corner of a box is within reach: the one opposite stays; null if none is. */
export function cornerAt(box: Box, x: number, y: number, reach: number): { x: number; y: number } | null {
  for (const cx of [box.x, box.x + box.w]) {
    for (const cy of [box.y, box.y + box.h]) {
      if (Math.hypot(cx - x, cy - y) <= reach) return { x: 2 * box.x + box.w - cx, y: 2 * box.y + box.h - cy };
    }
  }
  return null;
}

/** Index of the topmost box under a point, or -1. */
export const boxAt = (boxes: readonly Box[], x: number, y: number): number =>
  boxes.findLastIndex((box) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h);

export const boxesText = (value: Json): string =>
  readBoxes(value).map(({ x, y, w, h }) => [x, y, w, h].join(" ")).join("\n");

/** Boxes from lines of `x y width height`; null if a line is none. */
export function parseBoxes(text: string, old: readonly Box[]): Box[] | null {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const boxes = lines.map((line, i): Box | null => {
    const [x = NaN, y = NaN, w = NaN, h = NaN, ...more] = line.split(/[\s,;]+/).map(Number);
    const fits = more.length === 0 && x >= 0 && y >= 0 && w > 0 && h > 0;
    return fits ? { x: Math.round(x), y: Math.round(y), w: Math.round(w), h: Math.round(h), raw: old[i]?.raw ?? {} } : null;
  });
  return boxes.every((box) => box !== null) ? boxes : null;
}
