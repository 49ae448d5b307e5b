/** Lasso: the nodes whose middle lies inside a line drawn by hand. */
import type { Vec } from "../canvas/camera";
import { type Gesture, pick } from "./gesture";
import type { Workspace } from "./workspace";

const STEP_PX = 4;

/** Even-odd rule over the closed line. */
export function encloses(line: readonly Vec[], p: Vec): boolean {
  let inside = false;
  line.forEach((a, i) => {
    const b = line[(i + 1) % line.length] ?? a;
    if (a.y > p.y !== b.y > p.y && p.x < ((b.x - a.x) * (p.y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  });
  return inside;
}

export function lasso(ws: Workspace, start: Vec): Gesture {
  const line: Vec[] = [start];
  return pick(ws, {
    grow: (to) => {
      const last = line.at(-1) ?? start;
      if (Math.hypot(to.x - last.x, to.y - last.y) * ws.renderer.camera.scale < STEP_PX) return false;
      line.push(to);
      return true;
    },
    inside: () => [...ws.scene.boxes.values()].filter((b) => encloses(line, { x: b.x + b.w / 2, y: b.y + b.h / 2 })).map((b) => b.key),
    trace: (ctx) => {
      for (const { x, y } of line) ctx.lineTo(x, y);
      ctx.closePath();
    },
  });
}
