/** Inputs that depend on a choice or grow with wires. */
import { expect, it } from "vitest";
import { Document } from "../src/model/document";
import { addNode, setWidget } from "../src/model/actions";
import { hiddenInputs } from "../src/model/dependent";
import { emptyWorkflow } from "../src/model/factory";
import { readSpecs } from "../src/model/schema";
import type { RawNode } from "../src/model/workflow";

const specs = readSpecs({
  Grow: {
    input: {
      required: { "images.0": ["IMAGE", {}], method: [["scale", "size"], {}] },
      optional: {
        "images.1": ["IMAGE", { grows_after: "images.0" }],
        "images.2": ["IMAGE", { grows_after: "images.1" }],
        "method.factor": ["FLOAT", { default: 2, shown_with: { input: "method", values: ["scale"] } }],
        "method.kind": [["exact", "near"], { shown_with: { input: "method", values: ["size"] } }],
        "method.kind.gap": ["INT", { shown_with: { input: "method.kind", values: ["near"] } }],
      },
    },
  },
});

it("shows the parts of the choice, and forgets no value of the others", () => {
  const spec = specs.get("Grow");
  if (!spec) throw new Error("unread");
  const doc = new Document(emptyWorkflow("test"));
  const key = addNode(doc, spec, { x: 0, y: 0 }, [200, 100]);
  const hidden = (): string[] => [...hiddenInputs(doc.node(key) ?? { id: 0, type: "" }, spec)].filter((name) => name.startsWith("method"));
  expect(hidden()).toEqual(["method.kind", "method.kind.gap"]);
  setWidget(doc, specs, key, "method.factor", 3);
  setWidget(doc, specs, key, "method", "size");
  expect(hidden()).toEqual(["method.factor", "method.kind.gap"]);
  setWidget(doc, specs, key, "method.kind", "near");
  expect(hidden()).toEqual(["method.factor"]);
  expect(doc.node(key)?.["widgets_values"]).toEqual(["size", 3, "near", 0]);
});

it("grows by one after the last wire, and hides no wired input", () => {
  const inputs = (...wired: string[]): string[] => {
    const node: RawNode = { id: 1, type: "Grow", inputs: wired.map((name, i) => ({ name, type: "IMAGE", link: i + 1 })) };
    return [...hiddenInputs(node, specs.get("Grow"))].filter((name) => name.startsWith("images"));
  };
  expect(inputs()).toEqual(["images.1", "images.2"]);
  expect(inputs("images.0")).toEqual(["images.2"]);
  expect(inputs("images.2")).toEqual(["images.1"]);
});
