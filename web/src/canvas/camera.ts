/** The camera: world units to CSS pixels. Invariant: `scale` stays within `MIN` and `MAX`. */
export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Vec {
  x: number;
  y: number;
}

const MIN = 0.02;
const MAX = 4;

export class Camera {
  /** World point at the top left of the view. */
  x = 0;
  y = 0;
  scale = 1;
  /** Size of the view in CSS pixels. */
  width = 1;
  height = 1;

  toWorld(p: Vec): Vec {
    return { x: p.x / this.scale + this.x, y: p.y / this.scale + this.y };
  }

  toScreen(p: Vec): Vec {
    return { x: (p.x - this.x) * this.scale, y: (p.y - this.y) * this.scale };
  }

  /** The visible part of the world. */
  get view(): Rect {
    return { x: this.x, y: this.y, w: this.width / this.scale, h: this.height / this.scale };
  }

  panBy(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
  }

  /** Zoom by `factor` and keep the world point under `at` (CSS pixels) where it is. */
  zoomAt(at: Vec, factor: number): void {
    const fixed = this.toWorld(at);
    this.scale = Math.min(MAX, Math.max(MIN, this.scale * factor));
    this.x = fixed.x - at.x / this.scale;
    this.y = fixed.y - at.y / this.scale;
  }

  /** The camera state that shows `rect` in the middle, at most at `limit`. */
  framing(rect: Rect, limit = 1): { x: number; y: number; scale: number } {
    const margin = Math.min(64, this.width * 0.06);
    const fit = Math.min((this.width - 2 * margin) / rect.w, (this.height - 2 * margin) / rect.h);
    const scale = Math.min(limit, MAX, Math.max(MIN, fit));
    return {
      scale,
      x: rect.x + rect.w / 2 - this.width / 2 / scale,
      y: rect.y + rect.h / 2 - this.height / 2 / scale,
    };
  }
}

export const overlaps = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

export const contains = (r: Rect, p: Vec): boolean =>
  p.x >= r.x && p.x < r.x + r.w && p.y >= r.y && p.y < r.y + r.h;

/** The smallest rectangle around all of `rects`; null for none. */
export function around(rects: readonly Rect[]): Rect | null {
  if (rects.length === 0) return null;
  const x = Math.min(...rects.map((r) => r.x));
  const y = Math.min(...rects.map((r) => r.y));
  const right = Math.max(...rects.map((r) => r.x + r.w));
  const bottom = Math.max(...rects.map((r) => r.y + r.h));
  return { x, y, w: right - x, h: bottom - y };
}
