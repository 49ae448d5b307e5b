/** Hands on pictures of nodes: paging through several, and the slider between two. */
import type { Vec } from "../canvas/camera";
import type { NodeBox } from "../canvas/layout";
import { cellAt, pagerPart, turned } from "../canvas/results";
import type { Gesture } from "./gesture";
import type { Workspace } from "./workspace";

const local = (box: NodeBox, p: Vec): Vec => ({ x: p.x - box.x, y: p.y - box.y });

/** The gesture of a press on a preview; null if the node is to be moved by it. */
export function onPreview(ws: Workspace, box: NodeBox, at: Vec): Gesture | null {
  const { scene } = ws;
  const { preview } = box;
  if (!preview) return null;
  if (scene.mark(box.key).versus) return slide(ws, box);
  const count = scene.pictureUrls(box).length;
  const part = count > 1 && ws.renderer.camera.scale >= 0.6 ? pagerPart(preview, local(box, at)) : null;
  if (!part) return null;
  return {
    move: () => undefined,
    end: (_, moved) => {
      if (!moved) scene.turnTo(box.key, turned(scene.pageOf(box), count, part));
    },
    cancel: () => undefined,
  };
}

function slide(ws: Workspace, box: NodeBox): Gesture {
  const { scene } = ws;
  const before = scene.splits.get(box.key) ?? 0.5;
  const put = (share: number): void => {
    scene.splits.set(box.key, Math.min(1, Math.max(0, share)));
    ws.renderer.ask("world");
  };
  const follow = (world: Vec): void => {
    const { preview } = box;
    if (preview) put((local(box, world).x - preview.x) / preview.w);
  };
  return {
    cursor: "ew-resize",
    move: (p) => {
      follow(p.world);
    },
    end: (p) => {
      follow(p.world);
    },
    cancel: () => {
      put(before);
    },
  };
}

/** Which picture of a node lies under a world point. */
export function pictureAt(ws: Workspace, box: NodeBox, at: Vec): number {
  const count = ws.scene.pictureUrls(box).length;
  const page = ws.scene.pageOf(box);
  return page ?? (box.preview && !ws.scene.mark(box.key).versus ? cellAt(count, box.preview, local(box, at)) : 0);
}
