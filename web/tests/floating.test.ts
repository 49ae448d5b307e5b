/** Wires that hang on a reroute. */
import { expect, it } from "vitest";
import { Document } from "../src/model/document";
import { looseAt, looseWires, plugIn } from "../src/model/floating";
import { cloneJson } from "../src/model/json";
import { readSpecs } from "../src/model/schema";
import type { Workflow } from "../src/model/workflow";

const specs = readSpecs({
  Make: { input: { required: {} }, output: ["IMAGE"] },
  Take: { input: { required: { images: ["IMAGE", {}], mask: ["MASK", {}] } }, output: [] },
});
const FILE: Workflow = {
  version: 1,
  state: { lastNodeId: 2, lastLinkId: 9, lastGroupId: 0, lastRerouteId: 4 },
  nodes: [
    { id: 1, type: "Make", outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }] },
    { id: 2, type: "Take", inputs: [{ name: "images", type: "IMAGE", link: null }, { name: "mask", type: "MASK", link: null }] },
  ],
  links: [],
  floatingLinks: [
    { id: 7, origin_id: 1, origin_slot: 0, target_id: -1, target_slot: -1, type: "IMAGE", parentId: 4 },
    { id: 8, origin_id: -1, origin_slot: -1, target_id: 2, target_slot: 1, type: "MASK", parentId: 5 },
  ],
  reroutes: [
    { id: 3, pos: [10, 10], linkIds: [] },
    { id: 4, parentId: 3, pos: [20, 10], linkIds: [], floating: { slotType: "output" } },
    { id: 5, pos: [30, 30], linkIds: [], floating: { slotType: "input" } },
  ],
};

it("reads which end is plugged in, and where the other hangs", () => {
  const doc = new Document(cloneJson(FILE));
  expect(looseWires(doc).map(({ id, node, slot, side, via }) => [id, node, slot, side, via.map((r) => r.id)])).toEqual([
    ["7", "1", 0, "output", [3, 4]],
    ["8", "2", 1, "input", [5]],
  ]);
  expect([looseAt(doc, "4")?.id, looseAt(doc, "3"), looseAt(doc, "5")?.id]).toEqual(["7", undefined, "8"]);
});

it("plugs the loose end into what takes it, as one step that keeps the reroutes", () => {
  const doc = new Document(cloneJson(FILE));
  const wire = looseAt(doc, "4");
  if (!wire) throw new Error("no loose wire");
  expect(plugIn(doc, specs, wire, { node: "2", slot: 1, name: "mask", type: "MASK" })).toBe(false);
  expect(plugIn(doc, specs, wire, { node: "2", slot: 0, name: "images", type: "IMAGE" })).toBe(true);
  const [link] = doc.links();
  expect(link).toMatchObject({ from: "1", fromSlot: 0, to: "2", toSlot: 0 });
  expect((doc.raw.links[0] as { parentId?: unknown }).parentId).toBe(4);
  expect(doc.raw["reroutes"]).toMatchObject([{ id: 3, linkIds: [link?.id] }, { id: 4, linkIds: [link?.id] }, { id: 5 }]);
  expect(looseWires(doc).map(({ id }) => id)).toEqual(["8"]);
  doc.undo();
  expect(doc.raw).toEqual(FILE);
});

it("plugs an input's loose end into an output", () => {
  const doc = new Document(cloneJson(FILE));
  const wire = looseAt(doc, "5");
  if (!wire) throw new Error("no loose wire");
  expect(plugIn(doc, specs, wire, { node: "1", slot: 0, name: "IMAGE", type: "IMAGE" })).toBe(false);
  expect(plugIn(doc, specs, wire, { node: "1", slot: 0, name: "IMAGE", type: "*" })).toBe(true);
  expect(doc.links()).toMatchObject([{ from: "1", to: "2", toSlot: 1 }]);
});
