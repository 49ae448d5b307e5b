/** Palettes: what comes in, what is refused, and what is hard to read. */
import { describe, expect, it } from "vitest";
import { COLOR_NAMES, contrast, paletteFile, readPalette, themeOf, tooFaint } from "../src/canvas/palette";
import { THEMES, typeColor } from "../src/canvas/theme";

const isColor = (text: string): boolean => /^#[0-9a-f]{6}$|^oklch\(/i.test(text);
const ROSE = { format: "loom-palette", name: "Rose", base: "dark", colors: { canvas: "#201014" }, types: { latent: "#ff9ecd" } };

describe("palettes", () => {
  it("change what they name and leave the rest", () => {
    const theme = themeOf(readPalette(ROSE, isColor));
    expect(theme.canvas).toBe("#201014");
    expect(theme.node).toBe(THEMES.dark.node);
    expect(typeColor(theme, "LATENT")).toBe("#ff9ecd");
    expect(typeColor(theme, "LATENT", 0.5)).toContain("#ff9ecd 50%");
    expect(typeColor(THEMES.dark, "LATENT")).not.toBe("#ff9ecd");
  });

  it("come back from their own file", () => {
    const palette = readPalette(ROSE, isColor);
    const file = paletteFile(palette);
    expect(Object.keys(file["colors"] as object)).toEqual([...COLOR_NAMES]);
    expect(themeOf(readPalette(file, isColor))).toEqual(themeOf(palette));
  });

  it("refuse what is none, and say why", () => {
    expect(() => readPalette({ nodes: [] }, isColor)).toThrow("no palette");
    expect(() => readPalette({ ...ROSE, colors: { sky: "#ffffff" } }, isColor)).toThrow("There is no colour sky");
    expect(() => readPalette({ ...ROSE, colors: { canvas: "url(x)" } }, isColor)).toThrow("canvas is no colour");
  });

  it("warn about what is hard to read", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    const grey = (color: string): [number, number, number] => (color === "ink" ? [120, 120, 120] : color === "white" ? [255, 255, 255] : [0, 0, 0]);
    const faint = tooFaint({ ...THEMES.dark, text: "ink", node: "ink", panel: "white" }, grey);
    expect(faint).toContainEqual({ ink: "text", ground: "node", ratio: 1, least: 4.5 });
    expect(faint.some(({ ink, ground }) => ink === "text2" && ground === "panel")).toBe(false);
  });
});
