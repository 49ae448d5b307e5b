/**
 * The history of a file: its JSON, the patches done and undone, and who listens.
 *
 * Invariant: the JSON changes only through `edit`, `undo`, `redo` and `replay`; operations carry
 * paths from the root of the file, whichever level of the graph made them.
 */
import { cloneJson, type Json } from "./json";
import { apply, invert, mergeOps, type Op, type Patch, type Path, valueAt } from "./patch";
import type { Workflow } from "./workflow";

/** Records the operations of one edit while carrying them out. */
export interface Edit {
  set(path: Path, value: Json | undefined): void;
  push(path: Path, value: Json): void;
  removeAt(path: Path, index: number): void;
}

export class History {
  readonly done: Patch[] = [];
  private undone: Patch[] = [];
  private gesture: string | null = null;
  /** The operations of the edit that is running; edits inside it become part of it. */
  private open: Op[] | null = null;
  private listeners = new Set<(ops: readonly Op[]) => void>();
  /** Counts operations that may have moved array positions; caches compare it. */
  epoch = 0;

  constructor(
    readonly raw: Workflow,
    private readonly moves: (op: Op) => boolean,
  ) {}

  /** Change the file in one undoable step; `at` leads from the root to what paths start from. */
  edit(label: string, at: Path, run: (edit: Edit) => void, gesture: string | null): Patch | null {
    if (this.open) {
      run(this.recorder(this.open, at));
      return null;
    }
    const ops: Op[] = (this.open = []);
    try {
      run(this.recorder(ops, at));
    } finally {
      this.open = null;
    }
    return ops.length === 0 ? null : this.keep({ label, ops }, gesture);
  }

  private keep(fresh: Patch, gesture: string | null): Patch {
    const last = this.done.at(-1);
    const merge = gesture !== null && gesture === this.gesture && last !== undefined;
    const patch = merge ? last : fresh;
    if (merge) mergeOps(last.ops, fresh.ops);
    else this.done.push(fresh);
    this.undone = [];
    this.gesture = gesture;
    this.emit(fresh.ops);
    return patch;
  }

  endGesture(): void {
    this.gesture = null;
  }

  undo(): string | null {
    return this.travel(this.done, this.undone, (patch) => patch.ops.map(invert).reverse());
  }

  redo(): string | null {
    const label = this.travel(this.undone, this.done, (patch) => patch.ops);
    while (this.undone.at(-1)?.automatic) {
      this.travel(this.undone, this.done, (patch) => patch.ops);
    }
    return label;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  onOps(listener: (ops: readonly Op[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Carry out operations from the journal without making them undoable. */
  replay(ops: readonly Op[]): void {
    for (const op of ops) apply(this.raw, op);
    this.epoch++;
  }

  private recorder(ops: Op[], at: Path): Edit {
    const run = (op: Op): void => {
      this.carryOut(op);
      ops.push(op);
    };
    const full = (path: Path): Path => (at.length === 0 ? path : [...at, ...path]);
    return {
      set: (path, to) => {
        const where = full(path);
        const from = cloneJson(valueAt(this.raw, where));
        run({ kind: "set", path: where, from, to: cloneJson(to) });
      },
      push: (path, value) => {
        const list = valueAt(this.raw, full(path));
        const index = Array.isArray(list) ? list.length : 0;
        run({ kind: "insert", path: full(path), index, value: cloneJson(value) });
      },
      removeAt: (path, index) => {
        const value = cloneJson(valueAt(this.raw, [...full(path), index]) ?? null);
        run({ kind: "remove", path: full(path), index, value });
      },
    };
  }

  private carryOut(op: Op): void {
    apply(this.raw, op);
    if (this.moves(op)) this.epoch++;
  }

  private travel(from: Patch[], to: Patch[], steps: (patch: Patch) => readonly Op[]): string | null {
    let patch = from.pop();
    const ops: Op[] = [];
    while (patch) {
      const run = steps(patch);
      for (const op of run) apply(this.raw, op);
      ops.push(...run);
      to.push(patch);
      if (!patch.automatic || from !== this.done) break;
      patch = from.pop();
    }
    this.gesture = null;
    if (!patch) return null;
    this.epoch++;
    this.emit(ops);
    return patch.label;
  }

  private emit(ops: readonly Op[]): void {
    for (const listener of [...this.listeners]) listener(ops);
  }
}
