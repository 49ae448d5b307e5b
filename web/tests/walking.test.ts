/** Nodes in words, and the way from one to the next. */
import { describe, expect, it } from "vitest";
import { nextBox } from "../src/input/walking";
import { describeNode } from "../src/model/describe";
import { keyOf } from "../src/model/workflow";
import { defaultDocument, specs } from "./setup";

describe("walking", () => {
  const box = (name: string, x: number, y: number) => ({ name, x, y, w: 100, h: 60 });
  const [a, right, farRight, below] = [box("a", 0, 0), box("right", 200, 40), box("far", 160, 500), box("below", 20, 120)];
  const all = [right, farRight, below];

  it("goes to the nearest one ahead, not to one aside", () => {
    expect(nextBox(all, a, { x: 1, y: 0 })?.name).toBe("right");
    expect(nextBox(all, a, { x: 0, y: 1 })?.name).toBe("below");
    expect(nextBox(all, a, { x: -1, y: 0 })).toBeNull();
    expect(nextBox([a, farRight, below], right, { x: -1, y: 0 })?.name).toBe("a");
  });
});

describe("a node in words", () => {
  it("tells its wires, its values and what it feeds", () => {
    const doc = defaultDocument();
    const sampler = doc.raw.nodes.find((node) => node.type === "KSampler");
    const text = describeNode(doc, specs, keyOf(sampler?.id ?? 0), ["done"]);
    expect(text).toMatch(/^KSampler, done\. Inputs: model from Load Checkpoint; positive from Prompt;/);
    expect(text).toContain("steps 20");
    expect(text).toContain("Outputs: LATENT to VAE Decode.");
    expect(text).not.toContain("latent_image is not wired");
  });
});
