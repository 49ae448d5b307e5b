/**
 * Values of CURVE inputs: points from left to right, both coordinates from 0 to 1.
 *
 * Files keep a list of pairs, or an object with `points` beside other keys; what is written has
 * the form of what was there.
 */
import { isObject, type Json } from "./json";

export type Point = readonly [number, number];

const STRAIGHT: readonly Point[] = [[0, 0], [1, 1]];
/** The least distance between two points, so that the curve stays a function. */
const APART = 0.004;

const isPoint = (value: Json): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number" && Number.isFinite(part));

/** The points of a value; a straight line where it has fewer than two. */
export function curvePoints(value: Json): readonly Point[] {
  const list = isObject(value) ? value["points"] : value;
  const points = (Array.isArray(list) ? list : []).filter(isPoint) as unknown as Point[];
  return points.length < 2 ? STRAIGHT : [...points].sort((a, b) => a[0] - b[0]);
}

/** The value with other points; what else it says stays. */
export function withPoints(value: Json, points: readonly Point[]): Json {
  const list = points.map(([x, y]) => [x, y]);
  return isObject(value) ? { ...value, points: list } : list;
}

/** True if straight lines join the points. */
export const isLinear = (value: Json): boolean => isObject(value) && value["interpolation"] === "linear";

const unit = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;

/** Index of the point within reach of a place, or -1. */
export function nearestPoint(points: readonly Point[], [x, y]: Point, reach: Point): number {
  const away = points.map(([px, py]) => Math.hypot((px - x) / reach[0], (py - y) / reach[1]));
  const least = Math.min(...away);
  return least <= 1 ? away.indexOf(least) : -1;
}

/** The points with one more, and where that stands among them. */
export function addPoint(points: readonly Point[], [x, y]: Point): { points: Point[]; index: number } {
  const index = points.filter(([px]) => px < x).length;
  return { points: points.toSpliced(index, 0, [unit(x), unit(y)]), index };
}

/** A point put elsewhere; it stays between its neighbours. */
export function movePoint(points: readonly Point[], index: number, [x, y]: Point): Point[] {
  const low = index === 0 ? 0 : (points[index - 1]?.[0] ?? 0) + APART;
  const high = index === points.length - 1 ? 1 : (points[index + 1]?.[0] ?? 1) - APART;
  return points.with(index, [unit(Math.min(high, Math.max(low, x))), unit(y)]);
}

/** The points without one; two always stay. */
export const dropPoint = (points: readonly Point[], index: number): Point[] =>
  points.length > 2 ? points.toSpliced(index, 1) : [...points];

/**
 * Slopes of a smooth curve through the points that never swings beyond them.
 *
 * Fritsch and Carlson, "Monotone Piecewise Cubic Interpolation", 1980.
 */
function slopes(points: readonly Point[]): number[] {
  const secants = points.slice(1).map(([x, y], i) => (y - (points[i]?.[1] ?? 0)) / Math.max(1e-9, x - (points[i]?.[0] ?? 0)));
  const found = points.map((_, i) => {
    const [before, after] = [secants[i - 1], secants[i]];
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    return before * after <= 0 ? 0 : (before + after) / 2;
  });
  secants.forEach((secant, i) => {
    const [a, b] = [(found[i] ?? 0) / (secant || 1), (found[i + 1] ?? 0) / (secant || 1)];
    const far = Math.hypot(a, b);
    if (secant === 0) found[i] = found[i + 1] = 0;
    else if (far > 3) [found[i], found[i + 1]] = [(3 * a * secant) / far, (3 * b * secant) / far];
  });
  return found;
}

/** The curve as Bezier pieces: for each, the two control points and the end. */
export function bezierPieces(points: readonly Point[], linear: boolean): [Point, Point, Point][] {
  const tangents = slopes(points);
  return points.slice(1).map((end, i) => {
    const start = points[i] ?? end;
    const third = (end[0] - start[0]) / 3;
    const rise = (end[1] - start[1]) / 3;
    const [a, b] = linear ? [rise, rise] : [(tangents[i] ?? 0) * third, (tangents[i + 1] ?? 0) * third];
    return [[start[0] + third, start[1] + a], [end[0] - third, end[1] - b], end];
  });
}

export const curveText = (value: Json): string => curvePoints(value).map((point) => point.join(" ")).join(", ");

/** Points from text such as `0 0, 0.5 0.8, 1 1`; null if it has not two pairs between 0 and 1. */
export function parseCurve(text: string): Point[] | null {
  const numbers = text.split(/[\s,;]+/).filter((part) => part !== "").map(Number);
  if (numbers.length < 4 || numbers.length % 2 || numbers.some((n) => !(n >= 0 && n <= 1))) return null;
  const points: Point[] = [];
  for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i] ?? 0, numbers[i + 1] ?? 0]);
  return points.sort((a, b) => a[0] - b[0]);
}
