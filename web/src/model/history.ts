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

/** How a change entered the history: a new step, more of the last one, or a way through it. */
export type Step = "edit" | "extend" | "undo" | "redo";

/** The steps behind and before the present state, as the journal keeps them. */
export interface Steps {
  done: Patch[];
  undone: Patch[];
}

/** What listeners are told: operations, how they entered the history, and their name. */
export type Told = (ops: readonly Op[], step: Step, label: string) => void;

export class History implements Steps {
  done: Patch[] = [];
  undone: Patch[] = [];
  private gesture: string | null = null;
  /** The operations of the edit that is running; edits inside it become part of it. */
  private open: Op[] | null = null;
  private listeners = new Set<Told>();
  /** Changes so far; undo counts too, so no two states share a number. */
  changes = 0;
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
    // A copy: a later edit of the same gesture grows the patch's own list.
    this.emit([...fresh.ops], merge ? "extend" : "edit", fresh.label);
    return patch;
  }

  endGesture(): void {
    this.gesture = null;
  }

  undo(): string | null {
    return this.travel("undo", this.done, this.undone, (patch) => patch.ops.map(invert).reverse());
  }

  redo(): string | null {
    const label = this.travel("redo", this.undone, this.done, (patch) => patch.ops);
    while (this.undone.at(-1)?.automatic) {
      this.travel("redo", this.undone, this.done, (patch) => patch.ops);
    }
    return label;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  onOps(listener: Told): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Give back the steps that belong to the present state. */
  recall({ done, undone }: Steps): void {
    this.done = done;
    this.undone = undone;
  }

  /** Live through a change that the journal kept; nobody is told. */
  replay(ops: readonly Op[], step: Step, label: string): void {
    for (const op of ops) apply(this.raw, op);
    this.epoch++;
    const last = this.done.at(-1);
    if (step === "undo") passOver(this.done, this.undone, { label, ops: ops.map(invert).reverse() });
    else if (step === "redo") passOver(this.undone, this.done, { label, ops: [...ops] });
    else if (step === "extend" && last) mergeOps(last.ops, ops);
    else this.done.push({ label, ops: [...ops] });
    if (step === "edit" || step === "extend") this.undone = [];
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

  private travel(step: Step, from: Patch[], to: Patch[], steps: (patch: Patch) => readonly Op[]): string | null {
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
    this.emit(ops, step, patch.label);
    return patch.label;
  }

  private emit(ops: readonly Op[], step: Step, label: string): void {
    this.changes++;
    for (const listener of [...this.listeners]) listener(ops, step, label);
  }
}

/** Move the step a journal entry passed; of automatic ones that went along, as many as it holds. */
function passOver(from: Patch[], to: Patch[], passed: Patch): void {
  let left = passed.ops.length;
  while (left > 0) {
    const patch = from.pop();
    if (!patch) break;
    left -= patch.ops.length;
    to.push(patch);
  }
  if (left > 0) to.push({ label: passed.label, ops: passed.ops.slice(0, left) });
}
