import { describe, expect, it } from "vitest";
import { fitPreview, HEADER, type NodeBox } from "../src/canvas/layout";

const box = (): NodeBox => ({ x: 0, y: 0, w: 300, h: 500, preview: { x: 0, y: 200, w: 300, h: 300 } }) as NodeBox;

describe("a live preview", () => {
  it("takes its full size where nothing is below", () => {
    const free = box();
    fitPreview(free, 200, Infinity);
    expect(free).toEqual(box());
  });

  it("ends before the next node", () => {
    const near = box();
    fitPreview(near, 200, 320);
    expect(near.h).toBeLessThan(320);
    expect((near.preview?.y ?? 0) + (near.preview?.h ?? 0)).toBe(near.h);
  });

  it("lies inside the node where there is no room", () => {
    const stacked = box();
    fitPreview(stacked, 200, 216);
    const { x, y, w, h } = stacked.preview ?? { x: 0, y: 0, w: 0, h: 0 };
    expect(stacked.h).toBe(200);
    expect(y).toBeGreaterThan(HEADER);
    expect(x).toBeGreaterThan(0);
    expect([x + w, y + h].map(Math.round)).toEqual([292, 192]);
    expect(w / h).toBeCloseTo(1);
  });
});
