/** Lasso: the nodes whose middle lies inside a line drawn by hand. */
import type { Vec } from "../canvas/camera";
import type { Gesture } from "./gesture";
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
  const before = new Set(ws.selected());
  const line: Vec[] = [start];
  const done = (): void => {
    ws.renderer.gesture = null;
    ws.renderer.ask("overlay");
  };
  return {
    cursor: "crosshair",
    move: (p) => {
      const last = line.at(-1) ?? start;
      if (Math.hypot(p.world.x - last.x, p.world.y - last.y) * ws.renderer.camera.scale < STEP_PX) return;
      line.push(p.world);
      const boxes = [...ws.scene.boxes.values()];
      const inside = boxes.filter((b) => encloses(line, { x: b.x + b.w / 2, y: b.y + b.h / 2 })).map((b) => b.key);
      ws.select(p.shift ? [...before, ...inside] : inside);
      ws.renderer.gesture = ({ ctx, theme, camera }) => {
        ctx.beginPath();
        for (const { x, y } of line) ctx.lineTo(x, y);
        ctx.closePath();
        ctx.fillStyle = ctx.strokeStyle = theme.accent;
        ctx.lineWidth = 1 / camera.scale;
        ctx.globalAlpha = 0.12;
        ctx.fill();
        ctx.globalAlpha = 1;
        ctx.stroke();
      };
      ws.renderer.ask("overlay");
    },
    end: (_, moved) => {
      if (!moved) ws.select([]);
      done();
    },
    cancel: () => {
      ws.select(before);
      done();
    },
  };
}
