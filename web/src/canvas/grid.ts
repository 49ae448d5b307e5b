/** A uniform grid over the world: which boxes may lie in a rectangle, without asking all. */
import type { Rect } from "./camera";

const CELL = 512;

export class Grid<T> {
  private cells = new Map<string, Set<T>>();
  private where = new Map<T, string[]>();

  /** Insert or move an item. */
  put(item: T, rect: Rect): void {
    const names = [...cellsOf(rect)];
    const old = this.where.get(item);
    if (old && old.length === names.length && old.every((name, i) => name === names[i])) return;
    this.remove(item);
    this.where.set(item, names);
    for (const name of names) {
      const cell = this.cells.get(name);
      if (cell) cell.add(item);
      else this.cells.set(name, new Set([item]));
    }
  }

  remove(item: T): void {
    for (const name of this.where.get(item) ?? []) {
      const cell = this.cells.get(name);
      cell?.delete(item);
      if (cell?.size === 0) this.cells.delete(name);
    }
    this.where.delete(item);
  }

  /** Items whose cells touch `rect`; a superset of those that overlap it. */
  query(rect: Rect): Set<T> {
    const cells = (rect.w / CELL + 1) * (rect.h / CELL + 1);
    if (cells > this.cells.size) return new Set(this.where.keys());
    const found = new Set<T>();
    for (const name of cellsOf(rect)) for (const item of this.cells.get(name) ?? []) found.add(item);
    return found;
  }
}

function* cellsOf(rect: Rect): Generator<string> {
  const right = Math.floor((rect.x + rect.w) / CELL);
  const bottom = Math.floor((rect.y + rect.h) / CELL);
  for (let x = Math.floor(rect.x / CELL); x <= right; x++) {
    for (let y = Math.floor(rect.y / CELL); y <= bottom; y++) yield `${String(x)},${String(y)}`;
  }
}
