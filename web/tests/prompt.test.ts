import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromPrompt } from "../src/model/apiimport";
import { Document } from "../src/model/document";
import { resolveDynamic } from "../src/model/dynamic";
import type { Json, JsonObject } from "../src/model/json";
import { stringifyJson } from "../src/model/json";
import { arrange } from "../src/model/layout";
import { buildPrompt } from "../src/model/prompt";
import { toggleMode } from "../src/model/actions";
import { asWorkflow, Mode } from "../src/model/workflow";
import { defaultDocument, fileJson, fileText, seeded, specs } from "./setup";

const API_FILE = "../../workflows/default_api.json";
const build = (doc: Document) => buildPrompt(doc, specs, seeded(1));
const workflow = (nodes: Json, links: Json = []): Document => new Document(asWorkflow({ nodes, links }));

describe("the default workflow", () => {
  it("and its API form are in step (UPDATE=1 writes the API form)", () => {
    const text = `${stringifyJson(build(defaultDocument()) as unknown as Json, 2)}\n`;
    if (process.env["UPDATE"]) writeFileSync(new URL(API_FILE, import.meta.url), text);
    expect(fileText(API_FILE)).toBe(text);
  });

  it("sends values, wires and titles", () => {
    const prompt = build(defaultDocument());
    expect(prompt["5"]).toEqual({
      class_type: "KSampler",
      inputs: {
        seed: 7, steps: 20, cfg: 3.5, sampler_name: "euler", scheduler: "normal", denoise: 1,
        model: ["1", 0], positive: ["2", 0], negative: ["3", 0], latent_image: ["4", 0],
      },
      _meta: { title: "KSampler" },
    });
    expect(prompt["10"]).toBeUndefined();
    expect(prompt["2"]?._meta.title).toBe("Prompt");
  });

  it("survives the way to the API form and back", () => {
    const prompt = fileJson(API_FILE) as JsonObject;
    const doc = fromPrompt(prompt, specs, "id");
    expect(build(doc)).toEqual(prompt);
    const places = arrange(doc, () => ({ w: 200, h: 100 }));
    const x = (key: string): number => places.get(key)?.x ?? NaN;
    for (const link of doc.links()) expect(x(link.from)).toBeLessThan(x(link.to));
    expect(new Set([...places.values()].map((p) => `${String(p.x)},${String(p.y)}`)).size).toBe(places.size);
  });
});

describe("modes and virtual nodes", () => {
  it("a muted node cuts its branch", () => {
    const doc = defaultDocument();
    toggleMode(doc, ["2"], Mode.Mute);
    const prompt = build(doc);
    expect(prompt["2"]).toBeUndefined();
    expect(prompt["5"]?.inputs).not.toHaveProperty("positive");
  });

  it("a bypassed node passes on the input whose type fits", () => {
    const doc = defaultDocument();
    toggleMode(doc, ["8"], Mode.Bypass);
    expect(build(doc)["9"]?.inputs["images"]).toEqual(["6", 0]);
  });

  it("follows reroutes, and a primitive's value replaces the wire", () => {
    const doc = workflow(
      [
        { id: 1, type: "EmptyImage", widgets_values: [8, 8, 1, 0], inputs: [{ name: "width", type: "INT", link: 3, widget: { name: "width" } }], outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }] },
        { id: 2, type: "Reroute", inputs: [{ name: "", type: "*", link: 1 }], outputs: [{ name: "", type: "IMAGE", links: [2] }] },
        { id: 3, type: "SaveImage", widgets_values: ["x"], inputs: [{ name: "images", type: "IMAGE", link: 2 }] },
        { id: 4, type: "PrimitiveNode", widgets_values: [64, "fixed"], outputs: [{ name: "INT", type: "INT", links: [3] }] },
      ],
      [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"], [3, 4, 0, 1, 0, "INT"]],
    );
    const prompt = build(doc);
    expect(Object.keys(prompt)).toEqual(["1", "3"]);
    expect(prompt["3"]?.inputs["images"]).toEqual(["1", 0]);
    expect(prompt["1"]?.inputs["width"]).toBe(64);
  });

  it("ends on a ring of reroutes", () => {
    const node = (id: number, link: number, out: number): Json => ({ id, type: "Reroute", inputs: [{ name: "", type: "*", link }], outputs: [{ name: "", type: "*", links: [out] }] });
    const doc = workflow(
      [node(1, 2, 1), node(2, 1, 2), { id: 3, type: "SaveImage", inputs: [{ name: "images", type: "IMAGE", link: 3 }] }],
      [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [3, 2, 0, 3, 0, "*"]],
    );
    expect(build(doc)["3"]?.inputs).toEqual({ filename_prefix: "ComfyUI" });
  });

  it("orders a long chain without recursion", () => {
    const count = 20_000;
    const nodes = Array.from({ length: count }, (_, i) => ({
      id: i, type: "ImageInvert", inputs: [{ name: "image", type: "IMAGE", link: i || null }], outputs: [{ name: "IMAGE", type: "IMAGE", links: [i + 1] }],
    }));
    const links = Array.from({ length: count - 1 }, (_, i) => [i + 1, i, 0, i + 1, 0, "IMAGE"]);
    expect(Object.keys(build(workflow(nodes as unknown as Json, links as Json)))).toHaveLength(count);
  });
});

describe("values", () => {
  it("reads files whose widgets_values lack the control mode", () => {
    const doc = workflow([{ id: 1, type: "KSampler", widgets_values: [5, 12, 7.5, "ddim", "karras", 0.5] }]);
    expect(build(doc)["1"]?.inputs).toEqual({ seed: 5, steps: 12, cfg: 7.5, sampler_name: "ddim", scheduler: "karras", denoise: 0.5 });
  });

  it("knows where the control mode of the advanced sampler sits", () => {
    const doc = workflow([{ id: 1, type: "KSamplerAdvanced", widgets_values: ["enable", 9, "fixed", 20, 8, "euler", "normal", 0, 10000, "disable"] }]);
    expect(build(doc)["1"]?.inputs).toMatchObject({ add_noise: "enable", noise_seed: 9, steps: 20, start_at_step: 0, return_with_leftover_noise: "disable" });
  });

  it("leaves out the upload button's value and wraps lists", () => {
    const doc = workflow([
      { id: 1, type: "LoadImage", widgets_values: ["a.png", "image"] },
      { id: 2, type: "SaveImage", widgets_values: { filename_prefix: ["a", "b"] } },
    ]);
    expect(build(doc)["1"]?.inputs).toEqual({ image: "a.png" });
    expect(build(doc)["2"]?.inputs).toEqual({ filename_prefix: { __value__: ["a", "b"] } });
  });

  it("sends a seed beyond 2^53 with every digit", () => {
    const doc = workflow([{ id: 1, type: "KSampler", widgets_values: [18446744073709551615n, "fixed", 1, 1, "euler", "normal", 1] }]);
    expect(stringifyJson(build(doc) as unknown as Json)).toContain('"seed":18446744073709551615');
  });

  it("resolves dynamic prompts", () => {
    expect(resolveDynamic("a {red|red} apple", () => 0.9)).toBe("a red apple");
    expect(resolveDynamic("{a|{b|c}}", () => 0.99)).toBe("c");
    expect(resolveDynamic("\\{x\\} { y", () => 0)).toBe("{x} { y");
    expect(resolveDynamic("cat // not this\n/* nor this */dog, https://x", () => 0)).toBe("cat \ndog, https://x");
  });
});
