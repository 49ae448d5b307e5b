/** What a run would do: reading, adding up subgraphs, words and numbers. */
import { describe, expect, it } from "vitest";
import { duration, estimate, explainProspect, memory, prospectOf, readOutlook } from "../src/model/outlook";

const body = {
  nodes: {
    "1": { state: "cached", reasons: [], ms: null, bytes: null, peak: null },
    "2": { state: "run", reasons: ["seed changed", "node 1 runs"], ms: 700, bytes: 10, peak: 5_000_000 },
    "7:3": { state: "cached", reasons: [], ms: null, bytes: null, peak: null },
    "7:4": { state: "run", reasons: ["node 2 runs"], ms: 300, bytes: null, peak: null },
    "8": { state: "later", reasons: [] },
  },
  total_ms: 1000,
  peak_bytes: 3_100_000_000,
};

describe("outlook", () => {
  const outlook = readOutlook(body);

  it("reads what it knows and leaves out the rest", () => {
    expect([...(outlook?.nodes.keys() ?? [])].sort()).toEqual(["1", "2", "7:3", "7:4"]);
    expect(outlook?.nodes.get("2")).toEqual({ fate: "run", reasons: ["seed changed", "node 1 runs"], ms: 700, bytes: 5_000_000 });
    expect(readOutlook({ error: "no" })).toBeNull();
  });

  it("adds up what happens inside a subgraph", () => {
    expect(outlook && prospectOf(outlook, "7")).toEqual({ fate: "run", reasons: ["node 2 runs"], ms: 300, bytes: null });
    expect(outlook && prospectOf(outlook, "70")).toBeNull();
  });

  it("says why and how long", () => {
    const text = outlook && explainProspect(outlook.nodes.get("2") ?? { fate: "idle", reasons: [], ms: null, bytes: null });
    expect(text).toBe("Will run · ~0.7 s\nSeed changed\nNode 1 runs");
    expect(outlook && estimate(outlook)).toBe("~1.0 s, 3.1 GB");
    expect(estimate({ nodes: new Map(), ms: 0, bytes: 0 })).toBe("");
  });

  it.each([[0.2, "1 ms"], [99, "99 ms"], [120, "0.1 s"], [9949, "9.9 s"], [9951, "10 s"], [59_400, "59 s"], [200_000, "3 min 20 s"]])(
    "%d ms is %s", (ms, text) => {
      expect(duration(ms)).toBe(text);
    });

  it.each([[10, "1 kB"], [12_400_000, "12 MB"], [3_140_000_000, "3.1 GB"]])("%d bytes are %s", (bytes, text) => {
    expect(memory(bytes)).toBe(text);
  });
});
