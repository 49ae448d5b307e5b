/** Boxes of nodes that are not like the others. */
import { expect, it, vi } from "vitest";
import { HEADER, layoutNode, naturalSize } from "../src/canvas/layout";
import type { NodeSpec } from "../src/model/schema";
import { VIRTUAL } from "../src/model/virtual";
import type { RawNode } from "../src/model/workflow";

// Without a page every letter is as wide as the next.
vi.stubGlobal("document", { createElement: () => ({ getContext: () => null }) });

const reroute = VIRTUAL.find(({ type }) => type === "Reroute") as NodeSpec;
const bend = (more: Partial<RawNode> = {}): RawNode => ({
  id: 1, type: "Reroute", pos: [100, 50], size: [75, 26],
  inputs: [{ name: "", type: "*", link: 4 }], outputs: [{ name: "", type: "LATENT", links: [5] }], ...more,
});

it("draws a reroute of old as a small bend at its place, wired left and right", () => {
  const box = layoutNode(bend(), reroute, null);
  expect([box.x, box.y, box.w, box.h, box.title]).toEqual([100, 50, 75, HEADER, ""]);
  expect(box.sockets.map(({ side, x, y }) => [side, x, y])).toEqual([["input", 0, HEADER / 2], ["output", 75, HEADER / 2]]);
  expect(naturalSize(reroute)).toEqual([75, 26]);
});

it("shows on it what the file asks for", () => {
  expect(layoutNode(bend({ properties: { showOutputText: true } }), reroute, null).title).toBe("LATENT");
  expect(layoutNode(bend({ title: "to the left" }), reroute, null).title).toBe("to the left");
});
