/** Nodes for between: which are offered first, and what putting one in wires. */
import { describe, expect, it } from "vitest";
import { addNode } from "../src/model/actions";
import { bridges, refusal } from "../src/model/bridges";
import { cloneJson, sameJson } from "../src/model/json";
import { putBetween } from "../src/model/putbetween";
import { defaultDocument, specs } from "./setup";

const first = (from: string, to: string): string | undefined => bridges(specs, from, to)[0]?.spec.type;

describe("bridges", () => {
  it.each([["IMAGE", "LATENT", "VAEEncode"], ["LATENT", "IMAGE", "VAEDecode"], ["STRING", "CONDITIONING", "CLIPTextEncode"]])(
    "from %s to %s puts %s first", (from, to, type) => {
      expect(first(from, to)).toBe(type);
    });

  it("offers nothing for types that nothing joins, or that are anything", () => {
    expect(bridges(specs, "VAE", "NO_SUCH_TYPE")).toEqual([]);
    expect(bridges(specs, "*", "IMAGE")).toEqual([]);
    expect(refusal(specs, "VAE", "NO_SUCH_TYPE")).toBe("VAE does not fit NO_SUCH_TYPE.");
    expect(refusal(specs, "IMAGE", "LATENT")).toMatch(/^IMAGE does not fit LATENT\. Put "VAE Encode/);
  });

  it("puts a node in with one step, wires the nearest VAE, and undoes it", () => {
    const doc = defaultDocument();
    const picture = specs.get("LoadImage");
    if (!picture) throw new Error("the fixture has Load Image");
    const source = addNode(doc, picture, { x: 0, y: 0 }, [200, 100]);
    const before = cloneJson(doc.raw);
    const bridge = bridges(specs, "IMAGE", "LATENT")[0];
    if (!bridge) throw new Error("the fixture has VAE Encode");
    const ends = { from: { node: source, slot: 0 }, to: { node: "5", name: "latent_image" } };
    const key = putBetween(doc, specs, bridge, ends, { x: 0, y: 0 }, [200, 80]);
    const into = doc.linksOf(key).filter((link) => link.to === key).map((link) => [link.from, link.type]);
    expect(into).toEqual([[source, "IMAGE"], ["1", "VAE"]]);
    expect(doc.linksOf(key).find((link) => link.from === key)?.to).toBe("5");
    expect(doc.revision).toBe(2);
    doc.undo();
    expect(sameJson(doc.raw, before)).toBe(true);
  });
});
