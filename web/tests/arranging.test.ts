import { describe, expect, it } from "vitest";
import { curvesThrough, grown } from "../src/canvas/curves";
import { encloses } from "../src/input/lasso";
import { disconnect, removeNodes } from "../src/model/actions";
import { align, distribute } from "../src/model/alignment";
import { Document } from "../src/model/document";
import { addGroup, removeGroup, setGroup } from "../src/model/groups";
import { cloneJson, sameJson } from "../src/model/json";
import { presentationOf, presentWire } from "../src/model/presentation";
import { addReroute, chainOf, moveReroute, removeReroute, reroutesOf, wireParents } from "../src/model/reroutes";
import { createSubgraph } from "../src/model/subgraphs";
import { keyOf } from "../src/model/workflow";
import { defaultDocument, specs } from "./setup";

const chain = (doc: Document, link: string): (number | string)[] =>
  chainOf(reroutesOf(doc.raw), wireParents(doc).get(link)).map((r) => r.id);

describe("reroutes", () => {
  it("are put in their place on a wire, moved, removed, and undone", () => {
    const doc = defaultDocument();
    const raw = cloneJson(doc.raw);
    const link = keyOf(doc.links()[0]?.id ?? "");
    const a = addReroute(doc, link, 0, 10, 20);
    const b = addReroute(doc, link, 1, 30, 20);
    const c = addReroute(doc, link, 0, 0, 20);
    expect(chain(doc, link).map(String)).toEqual([c, a, b]);
    moveReroute(doc, a, 15, 25, "drag");
    expect(reroutesOf(doc.raw).get(a)).toMatchObject({ x: 15, y: 25, links: [link] });
    removeReroute(doc, a);
    expect(chain(doc, link).map(String)).toEqual([c, b]);
    removeReroute(doc, b);
    expect(chain(doc, link).map(String)).toEqual([c]);
    while (doc.undo() !== null);
    expect(sameJson(doc.raw, raw)).toBe(true);
  });

  it("go with their last wire, and stay for the others", () => {
    const doc = defaultDocument();
    const [first, second] = doc.links().map((l) => keyOf(l.id));
    addReroute(doc, first ?? "", 0, 0, 0);
    doc.edit("share", (edit) => {
      edit.push(["extra", "reroutes", 0, "linkIds"], Number(second));
      edit.push(["extra", "linkExtensions"], { id: Number(second), parentId: 1 });
    });
    disconnect(doc, first ?? "");
    expect(reroutesOf(doc.raw).get("1")?.links).toEqual([second]);
    disconnect(doc, second ?? "");
    expect(reroutesOf(doc.raw).size).toBe(0);
    expect(wireParents(doc).size).toBe(0);
  });

  it("inside a subgraph stand beside the links", () => {
    const doc = defaultDocument();
    const key = createSubgraph(doc, specs, ["5", "6"]) ?? "";
    const inside = doc.inside(doc.node(key)?.type ?? "");
    const link = keyOf(inside.links()[0]?.id ?? "");
    addReroute(inside, link, 0, 1, 2);
    expect(inside.raw["reroutes"]).toHaveLength(1);
    expect(chain(inside, link)).toEqual([1]);
    removeNodes(inside, ["5"]);
    expect(reroutesOf(inside.raw).size).toBe(0);
  });
});

describe("looks", () => {
  it("a wire is hidden and labelled without a trace when shown again", () => {
    const doc = defaultDocument();
    const link = keyOf(doc.links()[0]?.id ?? "");
    presentWire(doc, link, { hidden: true });
    presentWire(doc, link, { label: "weights" });
    expect(presentationOf(doc.raw, link)).toEqual({ hidden: true, label: "weights" });
    presentWire(doc, link, { hidden: false });
    presentWire(doc, link, { label: "" });
    expect((doc.raw["extra"] as Record<string, unknown>)["linkPresentation"]).toEqual({});
  });

  it("groups come, change and go", () => {
    const doc = defaultDocument();
    const raw = cloneJson(doc.raw);
    const at = addGroup(doc, [0.4, 0, 10, 10]);
    setGroup(doc, at, "Lock", { locked: true });
    expect((doc.raw["groups"] as unknown[])[at]).toMatchObject({ bounding: [0, 0, 10, 10], locked: true });
    removeGroup(doc, at);
    while (doc.undo() !== null);
    expect(sameJson(doc.raw, raw)).toBe(true);
  });

  it("boxes line up and keep equal gaps", () => {
    const boxes = [{ key: "a", x: 0, y: 0, w: 10, h: 10 }, { key: "b", x: 11, y: 30, w: 20, h: 10 }, { key: "c", x: 90, y: 5, w: 10, h: 50 }];
    expect(align(boxes, "right").get("b")).toEqual({ x: 80, y: 30 });
    expect(align(boxes, "row").get("a")).toEqual({ x: 0, y: 22.5 });
    expect(distribute(boxes, "x").get("b")).toEqual({ x: 40, y: 30 });
  });

  it("a lasso holds what it goes around, whatever its form", () => {
    const u = [{ x: 0, y: 0 }, { x: 3, y: 0 }, { x: 3, y: 9 }, { x: 6, y: 9 }, { x: 6, y: 0 }, { x: 9, y: 0 }, { x: 9, y: 10 }, { x: 0, y: 10 }];
    expect(encloses(u, { x: 1, y: 5 })).toBe(true);
    expect(encloses(u, { x: 4.5, y: 5 })).toBe(false);
  });

  it("wires of every style go through all their points", () => {
    const points = [{ x: 0, y: 0 }, { x: 100, y: 50 }, { x: -50, y: 200 }];
    for (const style of ["spline", "linear", "straight"] as const) {
      const curves = curvesThrough(points, style);
      expect(curves[0]?.a).toEqual(points[0]);
      expect(curves.at(-1)?.b).toEqual(points[2]);
      expect(curves.some((c) => c.b.x === 100 && c.b.y === 50)).toBe(true);
      curves.slice(1).forEach((c, i) => {
        expect(c.a).toEqual(curves[i]?.b);
      });
      expect(grown(curves).x).toBeLessThanOrEqual(-58);
    }
  });
});
