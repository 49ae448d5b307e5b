/** A gesture lives from a press to a release and is the only one that gets the pointer. */
import type { Vec } from "../canvas/camera";
import type { Key } from "../model/workflow";
import type { Workspace } from "./workspace";

export interface Pointer {
  screen: Vec;
  world: Vec;
  /** Since the press, in CSS pixels. */
  travel: Vec;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
  touch: boolean;
}

export interface Gesture {
  cursor?: string;
  /** It goes on beyond the edge of the view, which then moves along. */
  reaches?: boolean;
  move(p: Pointer): void;
  /** The release; `moved` is false for a click. */
  end(p: Pointer, moved: boolean): void;
  /** Something took the pointer away; put things back. */
  cancel(): void;
}

let count = 0;
/** A name no other gesture has, so that its edits become one step. */
export const gestureName = (what: string): string => `${what} ${String(++count)}`;

const nothing = (): void => undefined;

/** Drag the view. A press without a drag calls `click`. */
export function pan(ws: Workspace, click: (p: Pointer) => void): Gesture {
  let last: Vec = { x: 0, y: 0 };
  return {
    cursor: "grabbing",
    move: ({ travel }) => {
      ws.renderer.camera.panBy(travel.x - last.x, travel.y - last.y);
      last = travel;
      ws.renderer.moved();
    },
    end: (p, moved) => {
      if (!moved) click(p);
    },
    cancel: nothing,
  };
}

/** A shape drawn by a drag, in world coordinates. */
interface Shape {
  /** Take in a point; whether that changed anything. */
  grow(to: Vec): boolean;
  inside(): Iterable<Key>;
  trace(ctx: CanvasRenderingContext2D): void;
}

/** Draw a shape over the canvas; nodes inside are selected, added with shift. A click selects nothing. */
export function pick(ws: Workspace, shape: Shape): Gesture {
  const before = new Set(ws.selected());
  const done = (): void => {
    ws.renderer.gesture = null;
    ws.renderer.ask("overlay");
  };
  return {
    cursor: "crosshair",
    move: (p) => {
      if (!shape.grow(p.world)) return;
      ws.select(p.shift ? [...before, ...shape.inside()] : shape.inside());
      ws.renderer.gesture = ({ ctx, theme, camera }) => {
        ctx.beginPath();
        shape.trace(ctx);
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

/** Box select: nodes that the box touches. */
export function marquee(ws: Workspace, start: Vec): Gesture {
  let rect = { ...start, w: 0, h: 0 };
  return pick(ws, {
    grow: (to) => {
      rect = { x: Math.min(start.x, to.x), y: Math.min(start.y, to.y), w: Math.abs(to.x - start.x), h: Math.abs(to.y - start.y) };
      return true;
    },
    inside: () => ws.scene.visible(rect).map((box) => box.key),
    trace: (ctx) => {
      ctx.rect(rect.x, rect.y, rect.w, rect.h);
    },
  });
}

/** Two fingers: zoom and move at once. */
export class Pinch {
  private last: { middle: Vec; span: number };

  constructor(
    private readonly ws: Workspace,
    a: Vec,
    b: Vec,
  ) {
    this.last = measure(a, b);
  }

  move(a: Vec, b: Vec): void {
    const now = measure(a, b);
    const { camera } = this.ws.renderer;
    camera.panBy(now.middle.x - this.last.middle.x, now.middle.y - this.last.middle.y);
    camera.zoomAt(now.middle, now.span / Math.max(1, this.last.span));
    this.last = now;
    this.ws.renderer.moved();
  }
}

const measure = (a: Vec, b: Vec): { middle: Vec; span: number } => ({
  middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
  span: Math.hypot(a.x - b.x, a.y - b.y),
});
