/** How a workflow differs in values from an older one, and putting back those of one node. */
import { expect, it } from "vitest";
import { setWidget } from "../src/model/actions";
import { cloneJson } from "../src/model/json";
import { differences, takeValues } from "../src/model/values";
import { defaultDocument, specs } from "./setup";

it("lists what changed and puts back one node only", () => {
  const doc = defaultDocument();
  const old = cloneJson(doc.raw);
  expect(differences(doc, old, specs)).toEqual([]);
  setWidget(doc, specs, "5", "steps", 9);
  setWidget(doc, specs, "2", "text", "a lamp");
  const found = differences(doc, old, specs);
  expect(found.map(({ node, name, now }) => [node, name, now])).toEqual([["2", "text", "a lamp"], ["5", "steps", 9]]);
  expect(takeValues(doc, old, "Take", new Set(["5"]))).toBe(1);
  expect(differences(doc, old, specs).map(({ node }) => node)).toEqual(["2"]);
  doc.undo();
  expect(differences(doc, old, specs)).toHaveLength(2);
});
