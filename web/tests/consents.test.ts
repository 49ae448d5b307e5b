import { describe, expect, it } from "vitest";
import { readAsking } from "../src/net/consents";

const pack = (asks: object | null, held = ""): object => ({ name: "grain", nodes: ["Grain"], asks, held });
const read = (asks: object | null, kinds = ["Grain"]) => readAsking({ packs: [pack(asks)] } as never, new Set(kinds));

describe("what packs ask for", () => {
  it("is read with reasons and folders", () => {
    const [found] = read({ network: "weights", exec: "", "file-write": ["output"] });
    expect(found).toMatchObject({ pack: "grain", wants: [["network", "weights"], ["exec", ""]], writes: ["output"] });
  });

  it("is not asked about for packs that are not used, say nothing or ask for nothing", () => {
    expect(read({ network: "", "file-write": [] }, ["Other"])).toEqual([]);
    expect(read(null)).toEqual([]);
    expect(read({ "file-write": [] })).toEqual([]);
    expect(readAsking(null, new Set(["Grain"]))).toEqual([]);
  });

  it("is another thing when the pack asks for more or is no longer held", () => {
    const marks = [
      read({ network: "", "file-write": [] }),
      read({ network: "", exec: "", "file-write": [] }),
      readAsking({ packs: [pack({ network: "", "file-write": [] }, "landlock")] } as never, new Set(["Grain"])),
    ].map(([found]) => found?.mark);
    expect(new Set(marks).size).toBe(3);
  });
});
