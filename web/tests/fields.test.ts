/** Kinds of fields: sliders and knobs, colours, several choices, choices of routes. */
import { expect, it } from "vitest";
import { readSpec } from "../src/model/schema";
import { startValue, widgetsOf } from "../src/model/widgets";
import { afterRefresh, choicesIn, isRemote, remoteCall, toggled } from "../src/widgets/choices";
import { inFolders } from "../src/widgets/listrows";
import { colorValue, displayOf, fraction, slid, toHex } from "../src/widgets/numbers";

const spec = readSpec("Kinds", {
  input: {
    required: {
      strength: ["FLOAT", { min: 0, max: 2, step: 0.05, display: "slider" }],
      angle: ["INT", { min: 0, max: 360, step: 1, display: "knob" }],
      endless: ["INT", { min: 0, display: "slider" }],
      tint: ["COLOR", {}],
      tags: ["COMBO", { options: ["a", "b", "c"], multi_select: true }],
      both: ["INT,IMAGE", { widgetType: "INT", min: 3 }],
      served: ["COMBO", { remote: { route: "/models", response_key: "data.names", control_after_refresh: "last", query_params: { kind: "x y" } } }],
    },
  },
});
const input = (name: string) => {
  const found = spec.inputs.find((one) => one.name === name);
  if (!found) throw new Error(name);
  return found;
};

it("knows the widget of every kind and what it starts with", () => {
  expect(spec.inputs.map(({ widget }) => widget)).toEqual(["number", "number", "number", "color", "choices", "number", "combo"]);
  expect(widgetsOf(spec).map(startValue)).toEqual([0, 0, 0, "#ffffff", [], 3, ""]);
});

it("shows as slider only what has ends, and follows the hand in steps", () => {
  expect(["strength", "angle", "endless"].map((name) => displayOf(input(name)))).toEqual(["slider", "knob", "number"]);
  expect(fraction(input("angle"), 90)).toBe(0.25);
  expect(slid(input("strength"), 1, 50, 0, 200)).toBe(1.5);
  expect(slid(input("strength"), 1, 1, 0, 200)).toBe(1);
  expect(slid(input("strength"), 1, 900, 0, 200)).toBe(2);
  expect(slid(input("angle"), 180, 0, -80, 200)).toBe(360);
});

it("keeps a colour as its input does", () => {
  expect(colorValue(input("tint"), "FF8800")).toBe("#ff8800");
  expect(colorValue(input("angle"), "#0000ff")).toBe(255);
  expect(colorValue(input("tint"), "orange")).toBeNull();
  expect([toHex(255), toHex("#123456")]).toEqual(["#0000ff", "#123456"]);
});

it("puts choices in and out in the order of the list, and keeps unknown ones", () => {
  expect(toggled(["c"], "a", ["a", "b", "c"])).toEqual(["a", "c"]);
  expect(toggled(["a", "old"], "b", ["a", "b", "c"])).toEqual(["a", "b", "old"]);
  expect(toggled(["a", "b"], "a", ["a", "b", "c"])).toEqual(["b"]);
});

it("asks routes of this server only", () => {
  const remote = input("served");
  expect(isRemote(remote)).toBe(true);
  expect(remoteCall(remote, "http://host:1/sub/")?.url).toBe("http://host:1/sub/models?kind=x+y");
  for (const route of ["https://elsewhere.example/list", "//elsewhere.example/list", "\\\\elsewhere.example"]) {
    expect(remoteCall({ ...remote, options: { remote: { route } } }, "http://host:1/")).toBeNull();
  }
  expect(choicesIn(remote, { data: { names: ["p", "q"] } })).toEqual(["p", "q"]);
  expect(choicesIn(remote, ["p"])).toEqual([]);
  expect(afterRefresh(remote, ["p", "q"])).toBe("q");
});

it("lists folders together", () => {
  const texts = ["a/x", "top", "b/y", "a/z"].map((text) => ({ value: text, text }));
  expect(inFolders(texts).map(({ text }) => text)).toEqual(["top", "a/x", "a/z", "b/y"]);
});
