/** What a run leaves on nodes: files by what shows them, paging, and where words and players stand. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { layoutNode } from "../src/canvas/layout";
import { cellAt, pagerPart, turned } from "../src/canvas/results";
import { shownBy } from "../src/net/runs";

const ref = (filename: string) => ({ filename, subfolder: "", type: "temp" });

describe("shownBy", () => {
  it("tells pictures from films, sounds and moving pictures", () => {
    const shown = shownBy({ images: [ref("a.png"), ref("b.mp4")], audio: [ref("c.flac")], text: ["words"] });
    expect(shown.images).toEqual([ref("a.png")]);
    expect(shown.media).toEqual([{ kind: "video", ref: ref("b.mp4") }, { kind: "audio", ref: ref("c.flac") }]);
    expect(shown.texts).toEqual(["words"]);
    expect(shown.versus).toBeNull();
    expect(shownBy({ images: [ref("m.webp")], animated: [true] })).toMatchObject({ images: [], media: [{ kind: "moving" }] });
  });

  it("compares the first picture of both sides, if there are both", () => {
    expect(shownBy({ a_images: [ref("a.png"), ref("a2.png")], b_images: [ref("b.png")] }).versus).toEqual([ref("a.png"), ref("b.png")]);
    expect(shownBy({ a_images: [ref("a.png")] }).versus).toBeNull();
  });
});

describe("paging", () => {
  const rect = { x: 0, y: 100, w: 300, h: 200 };

  it("goes round, from the sheet to both ends, and back to the sheet", () => {
    expect([turned(null, 3, "after"), turned(null, 3, "before"), turned(null, 3, "all")]).toEqual([0, 2, 0]);
    expect([turned(2, 3, "after"), turned(0, 3, "before"), turned(1, 3, "all")]).toEqual([0, 2, null]);
  });

  it("finds the part of the bar, and none where the picture is too small for it", () => {
    const y = 100 + 200 - 8 - 11;
    expect([105, 150, 195].map((x) => pagerPart(rect, { x, y }))).toEqual(["before", "all", "after"]);
    expect(pagerPart(rect, { x: 150, y: 150 })).toBeNull();
    expect(pagerPart({ ...rect, w: 80 }, { x: 40, y })).toBeNull();
  });

  it("finds the picture under a point of the sheet", () => {
    expect([[10, 110], [290, 110], [10, 290], [290, 290]].map(([x = 0, y = 0]) => cellAt(3, rect, { x, y }))).toEqual([0, 1, 2, 2]);
  });
});

describe("layout", () => {
  // Words are measured by their number of letters where there is no page.
  beforeAll(() => {
    vi.stubGlobal("document", { createElement: () => ({ getContext: () => null }) });
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  const node = { id: 1, type: "Show", pos: [0, 0], size: [300, 60] } as never;
  const audio = { kind: "audio", url: "x" } as const;

  it("puts player, words and pictures below each other and grows for them", () => {
    const plain = layoutNode(node, undefined, null);
    const box = layoutNode(node, undefined, 1, { texts: ["one", "two"], media: [audio] });
    const [player, said, preview] = [box.player, box.said, box.preview];
    if (!player || !said || !preview) throw new Error("not placed");
    expect(player.y + player.h).toBeLessThanOrEqual(said.y);
    expect(said.y + said.h).toBeLessThanOrEqual(preview.y);
    expect(box.h).toBeGreaterThan(plain.h);
    expect(box.minH).toBe(plain.minH);
  });

  it("gives words the room that a tall node leaves, and never more lines than a node may grow", () => {
    const tall = layoutNode({ ...(node as object), size: [300, 500] } as never, undefined, null, { texts: ["x"], media: [] });
    expect(tall.h).toBe(528);
    const long = layoutNode(node, undefined, null, { texts: ["line\n".repeat(90)], media: [] });
    expect(long.said?.h).toBeLessThan(200);
  });
});
