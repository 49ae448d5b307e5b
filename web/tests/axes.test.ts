/** Axes of a sweep: reading values, ranges, how often nodes run, and their place in the file. */
import { describe, expect, it } from "vitest";
import { axesOf, clearAxes, combinations, labelOf, lastOf, rangeValues, readValues, setAxis, turnsOf } from "../src/model/axes";
import { cloneJson, sameJson } from "../src/model/json";
import { buildPrompt } from "../src/model/prompt";
import { defaultDocument, specs } from "./setup";

describe("values", () => {
  it("reads numbers between commas and blanks, and texts by line", () => {
    expect(readValues("1, 2;3  4\n5", "INT")).toEqual([1, 2, 3, 4, 5]);
    expect(readValues("18446744073709551615", "INT")).toEqual([18446744073709551615n]);
    expect(readValues("a cat, sitting\n\n a dog ", "STRING")).toEqual(["a cat, sitting", "a dog"]);
    expect(() => readValues("1, two", "FLOAT")).toThrow('"two" is not a number.');
    expect(() => readValues("1.5", "INT")).toThrow('"1.5" is not a whole number.');
  });

  it("makes ranges with both ends, without binary tails or repeated whole numbers", () => {
    expect(rangeValues(0, 0.4, 5, false)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(rangeValues(1, 3, 9, true)).toEqual([1, 2, 3]);
    expect(rangeValues(7, 9, 1, true)).toEqual([7]);
  });
});

describe("axes", () => {
  const steps = { node: "5", input: "steps", values: [4, 8, 12] };
  const prompt = { node: "2", input: "text", values: ["a", "b"] };

  it("stand in the file, one for each input, and undo takes them away", () => {
    const doc = defaultDocument();
    const before = cloneJson(doc.raw);
    setAxis(doc, steps);
    setAxis(doc, prompt);
    setAxis(doc, { ...steps, values: [1] });
    expect(axesOf(doc)).toEqual([{ ...steps, values: [1] }, prompt]);
    setAxis(doc, { ...prompt, values: [] });
    expect(axesOf(doc)).toHaveLength(1);
    clearAxes(doc);
    expect(axesOf(doc)).toEqual([]);
    while (doc.canUndo) doc.undo();
    expect(sameJson(doc.raw, before)).toBe(true);
  });

  it("ask about the last values, and say seeds of any size", () => {
    const asked = lastOf(buildPrompt(defaultDocument(), specs, () => 0), [steps, { node: "gone", input: "x", values: [1] }]);
    expect(asked["5"]?.inputs["steps"]).toBe(12);
    expect(asked["gone"]).toBeUndefined();
    expect(labelOf(18446744073709551615n)).toBe("18446744073709551615");
    expect(labelOf({ seed: 18446744073709551615n })).toContain("18446744073709551615");
  });

  it("run a node once for every combination of what it depends on", () => {
    const turns = turnsOf(buildPrompt(defaultDocument(), specs, () => 0), [steps, prompt]);
    expect(combinations([steps, prompt])).toBe(6);
    expect(["1", "2", "3", "5", "9"].map((id) => turns.get(id))).toEqual([1, 2, 1, 6, 6]);
  });
});
