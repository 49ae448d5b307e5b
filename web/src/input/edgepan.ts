/** Moving the view while something is dragged near its edge. */
import type { Camera, Vec } from "../canvas/camera";

const MARGIN = 28;
const SPEED = 14;

export class EdgePan {
  private frame = 0;

  constructor(private readonly camera: Camera) {}

  /** Pan on every frame while `at` is near an edge; `step` gets the pixels to move by. */
  follow(at: Vec, step: (dx: number, dy: number) => void): void {
    this.stop();
    const dx = push(at.x, this.camera.width);
    const dy = push(at.y, this.camera.height);
    if (dx === 0 && dy === 0) return;
    const next = (): void => {
      step(dx, dy);
      this.frame = requestAnimationFrame(next);
    };
    this.frame = requestAnimationFrame(next);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }
}

/** Pixels per frame: more the closer to the edge. */
function push(at: number, size: number): number {
  if (at < MARGIN) return Math.min(SPEED, ((MARGIN - at) / MARGIN) * SPEED);
  return at > size - MARGIN ? -Math.min(SPEED, ((at - size + MARGIN) / MARGIN) * SPEED) : 0;
}
