/** The form of a workflow, as files keep it. */
import { expect, it } from "vitest";
import { Document } from "../src/model/document";
import { emptyWorkflow } from "../src/model/factory";
import { chooseUsual, formFields, formOutputs, inForm, opensAsForm, setOpensAsForm, shiftField, toggleField, toggleResult } from "../src/model/form";
import { readSpecs } from "../src/model/schema";
import { withVirtual } from "../src/model/virtual";
import type { RawNode } from "../src/model/workflow";

const specs = withVirtual(readSpecs({
  Text: { input: { required: { text: ["STRING", { multiline: true }], seed: ["INT", {}], cfg: ["FLOAT", {}] } }, output: ["STRING"] },
  Save: { input: { required: { text: ["STRING", { forceInput: true }] } }, output_node: true },
}));

function made(): Document {
  const doc = new Document(emptyWorkflow("form"));
  const nodes: RawNode[] = [
    { id: 1, type: "Text", widgets_values: ["a", 1, 2] },
    { id: "2", type: "Save" },
    { id: 3, type: "Save" },
    { id: 4, type: "Text", mode: 4 },
  ];
  doc.edit("build", (edit) => { for (const node of nodes) edit.push(["nodes"], node); });
  return doc;
}

const names = (doc: Document): string[] => formFields(doc, specs).map(({ key, widget }) => `${key} ${widget.name}`);

it("takes fields in and out in order, and forgets those that are gone", () => {
  const doc = made();
  toggleField(doc, "1", "cfg");
  toggleField(doc, "1", "text");
  toggleField(doc, "9", "text");
  expect(names(doc)).toEqual(["1 cfg", "1 text"]);
  shiftField(doc, "1", "text", -1);
  expect(names(doc)).toEqual(["1 text", "1 cfg"]);
  shiftField(doc, "1", "text", -1);
  toggleField(doc, "1", "cfg");
  expect([names(doc), inForm(doc, "1", "cfg")]).toEqual([["1 text"], false]);
  expect(doc.file["extra"]).toEqual({ linearData: { inputs: [[1, "text"], ["9", "text"]], outputs: [] } });
  doc.undo();
  expect(names(doc)).toEqual(["1 text", "1 cfg"]);
});

it("shows all results, or those that were chosen", () => {
  const doc = made();
  expect(formOutputs(doc, specs)).toEqual(["2", "3"]);
  toggleResult(doc, "3");
  expect(formOutputs(doc, specs)).toEqual(["3"]);
  toggleResult(doc, "3");
  expect(formOutputs(doc, specs)).toEqual(["2", "3"]);
});

it("knows what people usually change, prompts first, and nothing of bypassed nodes", () => {
  const doc = made();
  chooseUsual(doc, specs);
  expect(names(doc)).toEqual(["1 text", "1 seed"]);
});

it("keeps what the file says besides", () => {
  const doc = made();
  doc.edit("old", (edit) => { edit.set(["extra"], { linearData: { inputs: [["1", "seed", { width: 3 }]], outputs: ["2"], layout: { a: 1 } }, ds: { scale: 1 } }); });
  setOpensAsForm(doc, true);
  toggleField(doc, "1", "text");
  expect(opensAsForm(doc)).toBe(true);
  expect(doc.file["extra"]).toEqual({
    ds: { scale: 1 }, linearMode: true,
    linearData: { inputs: [["1", "seed", { width: 3 }], [1, "text"]], outputs: ["2"], layout: { a: 1 } },
  });
});
