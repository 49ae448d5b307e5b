/** Combos of which several may be chosen. */
import { expect, it } from "vitest";
import { Document } from "../src/model/document";
import { addNode, setWidget } from "../src/model/actions";
import { emptyWorkflow } from "../src/model/factory";
import { buildPrompt } from "../src/model/prompt";
import { readSpecs } from "../src/model/schema";
import { readWidget, widgetsOf } from "../src/model/widgets";
import type { RawNode } from "../src/model/workflow";

const specs = readSpecs({
  Many: {
    input: {
      required: {
        one: ["COMBO", { options: ["a", "b"], multi_select: false }],
        some: ["COMBO", { options: ["a", "b", "c"], multi_select: { placeholder: "pick" } }],
        given: [["a", "b"], { multi_select: true, default: ["b"] }],
      },
    },
    output: [], output_node: true,
  },
});

it("start empty or with their default, are kept as lists and sent as values, not as wires", () => {
  const spec = specs.get("Many");
  if (!spec) throw new Error("unread");
  expect(spec.inputs.map((input) => input.widget)).toEqual(["combo", "choices", "choices"]);
  const doc = new Document(emptyWorkflow("test"));
  const key = addNode(doc, spec, { x: 0, y: 0 }, [200, 100]);
  const widgets = widgetsOf(spec);
  const node = (): RawNode => doc.node(key) ?? { id: 0, type: "" };
  const read = (): unknown[] => widgets.map((widget) => readWidget(node(), widgets, widget));
  expect(read()).toEqual(["a", [], ["b"]]);
  setWidget(doc, specs, key, "some", ["a", "c"]);
  expect(read()).toEqual(["a", ["a", "c"], ["b"]]);
  expect(buildPrompt(doc, specs, () => 0)).toMatchObject({
    [key]: { inputs: { one: "a", some: { __value__: ["a", "c"] }, given: { __value__: ["b"] } } },
  });
  doc.undo();
  expect(read()[1]).toEqual([]);
});
