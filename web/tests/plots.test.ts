/** Values that are drawn: curves, and boxes on a picture. */
import { describe, expect, it } from "vitest";
import { boxAt, boxesText, cornerAt, parseBoxes, plainFrame, readBoxes, shifted, spanned, writeBoxes } from "../src/model/boxes";
import { addPoint, bezierPieces, curvePoints, dropPoint, isLinear, movePoint, nearestPoint, parseCurve, withPoints } from "../src/model/curve";
import { layoutNode } from "../src/canvas/layout";
import { startValue, widgetsOf } from "../src/model/widgets";
import { readSpec } from "../src/model/schema";

describe("curves", () => {
  it("reads both forms and writes the one that was there", () => {
    const kept = { points: [[1, 1], [0, 0.25]], interpolation: "linear" };
    expect(curvePoints(kept)).toEqual([[0, 0.25], [1, 1]]);
    expect(isLinear(kept)).toBe(true);
    expect(withPoints(kept, [[0, 0], [1, 0.5]])).toEqual({ points: [[0, 0], [1, 0.5]], interpolation: "linear" });
    expect(withPoints([[0, 0], [1, 1]], [[0, 0], [1, 0.5]])).toEqual([[0, 0], [1, 0.5]]);
  });

  it.each([[null], ["no"], [[[0, 0]]], [[[0, "a"], [1, 2, 3]]], [{}]])("takes %j for a straight line", (value) => {
    expect(curvePoints(value)).toEqual([[0, 0], [1, 1]]);
  });

  it("adds, finds, moves and drops points without crossing another", () => {
    const { points, index } = addPoint([[0, 0], [1, 1]], [0.4, 0.7]);
    expect([points, index]).toEqual([[[0, 0], [0.4, 0.7], [1, 1]], 1]);
    expect(nearestPoint(points, [0.42, 0.69], [0.05, 0.05])).toBe(1);
    expect(nearestPoint(points, [0.6, 0.2], [0.05, 0.05])).toBe(-1);
    expect(movePoint(points, 1, [2, -1])[1]).toEqual([0.996, 0]);
    expect(movePoint(points, 2, [-1, 0.5])[2]).toEqual([0.404, 0.5]);
    expect(dropPoint(points, 1)).toEqual([[0, 0], [1, 1]]);
    expect(dropPoint([[0, 0], [1, 1]], 0)).toEqual([[0, 0], [1, 1]]);
  });

  it("never swings beyond its points", () => {
    const points = [[0, 0], [0.3, 0.9], [0.5, 0.9], [0.6, 0.1], [1, 1]] as const;
    bezierPieces(points, false).forEach((piece, i) => {
      const [low, high] = [points[i]?.[1] ?? 0, piece[2][1]].sort((a, b) => a - b) as [number, number];
      for (const [, y] of piece) {
        expect(y).toBeGreaterThanOrEqual(low - 1e-9);
        expect(y).toBeLessThanOrEqual(high + 1e-9);
      }
    });
  });

  it("reads typed points", () => {
    expect(parseCurve("1 1, 0 0.5")).toEqual([[0, 0.5], [1, 1]]);
    expect([parseCurve("0 0"), parseCurve("0 0, 1 2"), parseCurve("a b, c d"), parseCurve("0 0 1")]).toEqual([null, null, null, null]);
  });
});

describe("boxes", () => {
  const frame = { w: 100, h: 80 };
  const cat = { x: 10, y: 20, width: 30, height: 40, label: "cat" };

  it("keeps one or many, and what else a box says", () => {
    const [box] = readBoxes(cat);
    if (!box) throw new Error("unread");
    expect(writeBoxes(false, [shifted(frame, box, 5, 0)])).toEqual({ ...cat, x: 15 });
    expect(writeBoxes(true, [box, spanned(frame, 4, 6, 0, 0)])).toEqual([cat, { x: 0, y: 0, width: 4, height: 6 }]);
    expect(writeBoxes(false, [])).toEqual({ x: 0, y: 0, width: 0, height: 0 });
    expect(readBoxes([null, { x: 1 }, 7])).toEqual([]);
  });

  it("stays within the picture", () => {
    const [box] = readBoxes(cat);
    if (!box) throw new Error("unread");
    expect(shifted(frame, box, 500, -500)).toMatchObject({ x: 70, y: 0, w: 30, h: 40 });
    expect(spanned(frame, 90, 70, 400, 400)).toMatchObject({ x: 90, y: 70, w: 10, h: 10 });
    expect(plainFrame([{ ...box, x: 900 }])).toEqual({ w: 930, h: 512 });
  });

  it("finds the topmost box, and the corner opposite the held one", () => {
    const boxes = readBoxes([cat, { x: 20, y: 30, width: 50, height: 40 }]);
    expect([boxAt(boxes, 25, 35), boxAt(boxes, 12, 22), boxAt(boxes, 99, 1)]).toEqual([1, 0, -1]);
    const [first] = boxes;
    if (!first) throw new Error("unread");
    expect(cornerAt(first, 11, 21, 3)).toEqual({ x: 40, y: 60 });
    expect(cornerAt(first, 25, 40, 3)).toBeNull();
  });

  it("reads typed boxes, and refuses what is none", () => {
    expect(boxesText([cat])).toBe("10 20 30 40");
    expect(writeBoxes(true, parseBoxes("11 20 30 40\n1 2 3 4", readBoxes([cat])) ?? [])).toEqual([{ ...cat, x: 11 }, { x: 1, y: 2, width: 3, height: 4 }]);
    expect([parseBoxes("1 2 3", []), parseBoxes("1 2 0 4", []), parseBoxes("a b c d", [])]).toEqual([null, null, null]);
  });
});

it("gives drawn fields their place and their first value", () => {
  const spec = readSpec("Plots", { input: { required: { tone: ["CURVE", {}], crop: ["BOUNDING_BOX", {}], all: ["BOUNDING_BOXES", {}] } } });
  expect(widgetsOf(spec).map(startValue)).toEqual([[[0, 0], [1, 1]], { x: 0, y: 0, width: 512, height: 512 }, []]);
  const box = layoutNode({ id: 1, type: "Plots", pos: [0, 0], size: [240, 600] }, spec, null);
  expect(box.widgets.every(({ rect }) => rect.h > 124)).toBe(true);
  expect(box.minH).toBeLessThan(box.h);
});
