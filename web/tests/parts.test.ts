import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Camera } from "../src/canvas/camera";
import { Grid } from "../src/canvas/grid";
import { hueOf } from "../src/canvas/theme";
import { boundsOf, curve, distance, pointAt } from "../src/canvas/curves";
import { readPngText } from "../src/model/embedded/png";
import { score, searchNodes } from "../src/model/search";
import { compatible } from "../src/model/types";
import { nextValue, widgetsOf } from "../src/model/widgets";
import { asWorkflow, isApiPrompt } from "../src/model/workflow";
import { TEMPLATES, titleOf } from "../src/shell/templates";
import { clampNumber, formatNumber, fraction, fromHex, parseNumber, toHex } from "../src/widgets/numbers";
import { seeded, specs } from "./setup";

const input = (type: string, name: string) => {
  const found = specs.get(type)?.inputs.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`fixture lacks ${type}.${name}`);
  return found;
};

describe("png text", () => {
  const chunk = (type: string, body: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(type), body, Buffer.alloc(4)]);
  };
  const png = (...chunks: Buffer[]): ArrayBuffer => {
    const all = Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...chunks]);
    return new Uint8Array(all).buffer;
  };

  it("reads tEXt, zTXt and iTXt, plain and compressed, before and after the picture", async () => {
    const text = await readPngText(png(
      chunk("tEXt", Buffer.from('prompt\0{"a":1}', "latin1")),
      chunk("IDAT", Buffer.alloc(9)),
      chunk("zTXt", Buffer.concat([Buffer.from("z\0\0"), deflateSync(Buffer.from("zipped"))])),
      chunk("iTXt", Buffer.from("workflow\0\0\0\0\0{\"ü\":2}")),
      chunk("iTXt", Buffer.concat([Buffer.from("i\0\x01\0de\0tr\0"), deflateSync(Buffer.from("größer"))])),
      chunk("IEND", Buffer.alloc(0)),
    ));
    expect(Object.fromEntries(text)).toEqual({ prompt: '{"a":1}', z: "zipped", workflow: '{"ü":2}', i: "größer" });
  });

  it("gives nothing for other files and cut ones", async () => {
    expect((await readPngText(new Uint8Array([1, 2, 3]).buffer)).size).toBe(0);
    expect((await readPngText(png(chunk("tEXt", Buffer.from("a\0b"))).slice(0, 14))).size).toBe(0);
  });
});

describe("search", () => {
  const first = (query: string): string | undefined => searchNodes(specs.values(), query, null)[0]?.type;

  it("finds by initials, words and parts", () => {
    expect(first("ksampler")).toBe("KSampler");
    expect(first("vae dec")).toBe("VAEDecode");
    expect(first("upmodel")).toMatch(/Upscale/);
    expect(first("li")).toBe("LoadImage");
    expect(score("xyz", "KSampler")).toBe(0);
  });

  it("offers only nodes that the wire fits", () => {
    const found = searchNodes(specs.values(), "", { side: "input", type: "LATENT" }).map((spec) => spec.type);
    expect(found).toContain("VAEDecode");
    expect(found).not.toContain("VAEEncode");
    const makers = searchNodes(specs.values(), "", { side: "output", type: "MASK" }).map((spec) => spec.type);
    expect(makers).toContain("LoadImage");
  });
});

describe("types", () => {
  it("any fits all, lists fit if they share one", () => {
    expect(compatible("*", "MODEL")).toBe(true);
    expect(compatible("IMAGE,MASK", "MASK")).toBe(true);
    expect(compatible("IMAGE", "LATENT")).toBe(false);
    expect(compatible(0, "LATENT")).toBe(true);
  });

  it("unknown types get a stable hue away from the known ones", () => {
    for (const name of ["GUIDER", "SIGMAS", "NOISE", "SAMPLER", "x"]) {
      const [hue] = hueOf(name);
      expect(hueOf(name)[0]).toBe(hue);
      for (const known of [300, 95, 25, 60, 345, 235, 155, 180, 210, 130]) {
        expect(Math.abs(((hue - known + 540) % 360) - 180)).toBeGreaterThanOrEqual(8);
      }
    }
  });
});

describe("numbers", () => {
  it("formats, parses and bounds", () => {
    const cfg = input("KSampler", "cfg");
    expect(formatNumber(cfg, 8)).toBe("8.0");
    expect(formatNumber(cfg, 3.25)).toBe("3.25");
    expect(parseNumber(cfg, "1000")).toBe(100);
    expect(parseNumber(cfg, "3,5")).toBe(3.5);
    expect(parseNumber(cfg, "x")).toBeNull();
    expect(clampNumber(cfg, 0.1 + 0.2)).toBe(0.3);
    expect(parseNumber(input("KSampler", "seed"), "18446744073709551615")).toBe(18446744073709551615n);
    expect(parseNumber(input("KSampler", "steps"), "7.6")).toBe(8);
  });

  it("shows a bar only for ranges that mean something", () => {
    expect(fraction(input("KSampler", "denoise"), 0.25)).toBe(0.25);
    expect(fraction(input("KSampler", "seed"), 3)).toBeNull();
  });

  it("reads and writes colours", () => {
    expect(toHex(255)).toBe("#0000ff");
    expect(fromHex("#ff8000")).toBe(0xff8000);
    expect(fromHex("blue")).toBeNull();
  });

  it("moves seeds by their mode and within their bounds", () => {
    const spec = specs.get("KSampler");
    const seed = spec && widgetsOf(spec)[0];
    if (!seed) throw new Error("no seed");
    expect(nextValue(seed, "fixed", 5, seeded(1))).toBe(5);
    expect(nextValue(seed, "increment", 5, seeded(1))).toBe(6);
    expect(nextValue(seed, "decrement", 0, seeded(1))).toBe(0);
    const random = seeded(2);
    for (let i = 0; i < 100; i++) expect(Number.isSafeInteger(nextValue(seed, "randomize", 5, random))).toBe(true);
  });
});

describe("geometry", () => {
  it("zooming keeps the point under the pointer", () => {
    const camera = new Camera();
    Object.assign(camera, { x: 10, y: 20, scale: 0.7, width: 800, height: 600 });
    const at = { x: 123, y: 456 };
    const before = camera.toWorld(at);
    camera.zoomAt(at, 1.7);
    expect(camera.toWorld(at).x).toBeCloseTo(before.x, 9);
    expect(camera.toWorld(at).y).toBeCloseTo(before.y, 9);
  });

  it("the grid finds what overlaps and forgets what went", () => {
    const grid = new Grid<string>();
    const random = seeded(5);
    const rects = new Map<string, { x: number; y: number; w: number; h: number }>();
    for (let i = 0; i < 300; i++) {
      const rect = { x: random() * 9000 - 4500, y: random() * 9000 - 4500, w: random() * 900, h: random() * 400 };
      rects.set(String(i), rect);
      grid.put(String(i), { x: 0, y: 0, w: 1, h: 1 });
      grid.put(String(i), rect);
    }
    grid.remove("7");
    rects.delete("7");
    const view = { x: -800, y: -500, w: 1600, h: 900 };
    const found = grid.query(view);
    for (const [key, r] of rects) {
      if (r.x < view.x + view.w && view.x < r.x + r.w && r.y < view.y + view.h && view.y < r.y + r.h) expect(found.has(key)).toBe(true);
    }
    expect(found.has("7")).toBe(false);
  });

  it("a wire lies inside its bounds, ends in its sockets, and is near to itself", () => {
    for (const [a, b] of [[{ x: 0, y: 0 }, { x: 300, y: 80 }], [{ x: 300, y: 0 }, { x: 0, y: 10 }]] as const) {
      const path = curve(a, b);
      const bounds = boundsOf(path);
      expect(pointAt(path, 0)).toEqual(a);
      expect(pointAt(path, 1)).toEqual(b);
      for (let t = 0; t <= 1; t += 0.05) {
        const p = pointAt(path, t);
        expect(p.x).toBeGreaterThanOrEqual(bounds.x - 1e-9);
        expect(p.x).toBeLessThanOrEqual(bounds.x + bounds.w + 1e-9);
        expect(distance(path, p)).toBeLessThan(2);
      }
      expect(distance(path, { x: 150, y: 900 })).toBeGreaterThan(500);
    }
  });
});

describe("templates", () => {
  it("have titles that people read, and load as workflows", async () => {
    expect(titleOf("image_to_image")).toBe("Image to image");
    expect(TEMPLATES.filter((template) => template.about === "")).toEqual([]);
    expect(TEMPLATES.length).toBeGreaterThan(5);
    for (const template of TEMPLATES) {
      const value = await template.load();
      const paper = template.group === "The latent diffusion paper";
      expect(paper ? isApiPrompt(value) : asWorkflow(value).nodes.length > 5).toBe(true);
      expect(template.picture === null).toBe(paper);
    }
  });
});
