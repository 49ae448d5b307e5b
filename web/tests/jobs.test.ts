import { describe, expect, it } from "vitest";
import { takeValues } from "../src/model/values";
import { cloneJson } from "../src/model/json";
import { asWorkflow } from "../src/model/workflow";
import { type Job, numberAt, readJob } from "../src/net/jobs";
import { rowsInView } from "../src/shell/rows";
import { zoomedAt } from "../src/shell/zoom";
import { defaultDocument } from "./setup";

const waiting = (...numbers: number[]): Job[] => numbers.map((number, i) => readJob({ id: `j${String(i)}`, priority: number }));

describe("jobs", () => {
  it("reads a job with what it made, by kind", () => {
    const job = readJob({
      id: "a", status: "failed", priority: 3, x_paper: { id: "p", name: "Barn" }, execution_error: { exception_message: "No", node_id: "5" },
      x_outputs: [{ filename: "a.webm", mediaType: "images" }, { filename: "b.png", type: "temp", mediaType: "images", nodeId: "9" }, { content: "words", mediaType: "text" }],
    });
    expect(job.error).toEqual({ text: "No", node: "5" });
    expect(job.made.map((file) => [file.filename, file.kind, file.type])).toEqual([["a.webm", "video", "output"], ["b.png", "images", "temp"]]);
  });

  it("finds the number for every place in the queue", () => {
    const jobs = waiting(1, 2, 3);
    const sorted = (moved: number, to: number): string[] => {
      const number = numberAt(jobs, jobs[moved] as Job, to);
      return jobs.map((job, i) => (i === moved ? { ...job, number } : job)).sort((a, b) => a.number - b.number).map((job) => job.id);
    };
    expect(sorted(2, 0)).toEqual(["j2", "j0", "j1"]);
    expect(sorted(0, 1)).toEqual(["j1", "j0", "j2"]);
    expect(sorted(0, 2)).toEqual(["j1", "j2", "j0"]);
  });

  it("takes only the values of nodes that are the same", () => {
    const doc = defaultDocument();
    const other = asWorkflow(cloneJson(doc.raw));
    for (const node of other.nodes) if (node.id === 5) node["widgets_values"] = [1, "fixed", 3, 1, "euler", "normal", 1];
    other.nodes = other.nodes.filter((node) => node.id !== 9);
    const before = cloneJson(doc.raw);
    expect(takeValues(doc, other, "Take")).toBe(1);
    expect(doc.node("9")).toBeDefined();
    expect(doc.node("5")?.["widgets_values"]).toEqual([1, "fixed", 3, 1, "euler", "normal", 1]);
    doc.undo();
    expect(doc.raw).toEqual(before);
  });
});

describe("the gallery", () => {
  it("draws a handful of rows of ten thousand", () => {
    const [first, last] = rowsInView(400_000, 800, 170, 5000);
    expect(last - first).toBeLessThan(12);
    expect(first * 170).toBeLessThanOrEqual(400_000);
    expect(last * 170).toBeGreaterThanOrEqual(400_800);
    expect(rowsInView(0, 800, 170, 2)).toEqual([0, 2]);
    expect(rowsInView(0, 0, 0, 9)).toEqual([0, 0]);
  });

  it("zooms with the point under the pointer standing still", () => {
    const look = { x: 30, y: -10, scale: 2 };
    const next = zoomedAt(look, 1.5, 100, 50);
    const under = (l: typeof look): number[] => [(100 - l.x) / l.scale, (50 - l.y) / l.scale];
    expect(under(next)).toEqual(under(look).map((v) => expect.closeTo(v, 6) as number));
  });
});
