/**
 * The document: the parsed workflow JSON itself, its history, and lookups by id.
 *
 * Invariant: `raw` changes only through `edit`, `undo` and `redo`; what no patch touched stays as
 * the file had it. Lookups are rebuilt lazily after an operation that moved array positions.
 */
import { cloneJson, type Json } from "./json";
import { apply, invert, mergeOps, type Op, type Patch, type Path, valueAt } from "./patch";
import { keyOf, type Key, type Link, readLink, type RawNode, type Workflow } from "./workflow";

/** What a change touched: nodes by key, and whether nodes or links came, went or moved. */
export interface Change {
  nodes: ReadonlySet<Key>;
  structure: boolean;
  ops: readonly Op[];
}

interface Lookup {
  nodes: Map<Key, number>;
  links: Map<Key, number>;
  /** Links by node key, for redraws and removals. */
  byNode: Map<Key, Link[]>;
}

/** Records the operations of one edit while carrying them out. */
export interface Edit {
  set(path: Path, value: Json | undefined): void;
  push(path: Path, value: Json): void;
  removeAt(path: Path, index: number): void;
}

export class Document {
  readonly raw: Workflow;
  private done: Patch[] = [];
  private undone: Patch[] = [];
  private lookup: Lookup | null = null;
  private gesture: string | null = null;
  private listeners = new Set<(change: Change) => void>();

  constructor(raw: Workflow) {
    this.raw = raw;
  }

  /**
   * Change the document in one undoable step.
   *
   * Edits with the same `gesture` that follow each other become one step until `endGesture`.
   */
  edit(label: string, run: (edit: Edit) => void, gesture: string | null = null): Patch | null {
    const ops: Op[] = [];
    run(this.recorder(ops));
    if (ops.length === 0) return null;
    const last = this.done.at(-1);
    this.undone = [];
    let patch: Patch = { label, ops };
    if (gesture !== null && gesture === this.gesture && last) {
      mergeOps(last.ops, ops);
      patch = last;
    } else this.done.push(patch);
    this.gesture = gesture;
    this.emit(ops);
    return patch;
  }

  /** Close the running gesture: the next edit starts a step of its own. */
  endGesture(): void {
    this.gesture = null;
  }

  /** Take back the last step, with the automatic ones after it. Returns its label. */
  undo(): string | null {
    return this.travel(this.done, this.undone, (patch) =>
      patch.ops.map((op) => invert(op)).reverse(),
    );
  }

  /** Repeat the step that was taken back last. Returns its label. */
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

  /** Steps done since the document was opened; the journal and the saved mark count with it. */
  get revision(): number {
    return this.done.length;
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Replay operations from the journal without making them undoable. */
  replay(ops: readonly Op[]): void {
    for (const op of ops) apply(this.raw, op);
    this.lookup = null;
  }

  node(key: Key): RawNode | undefined {
    const at = this.index().nodes.get(key);
    return at === undefined ? undefined : this.raw.nodes[at];
  }

  /** The path of a node in the JSON; throws for a key that is not there. */
  nodePath(key: Key): Path {
    const at = this.index().nodes.get(key);
    if (at === undefined) throw new Error(`There is no node ${key} in this workflow.`);
    return ["nodes", at];
  }

  link(id: Key): Link | null {
    const at = this.linkIndex(id);
    return at === undefined ? null : readLink(this.rawLinks[at]);
  }

  linkIndex(id: Key): number | undefined {
    return this.index().links.get(id);
  }

  /** Links that start or end at a node. */
  linksOf(key: Key): readonly Link[] {
    return this.index().byNode.get(key) ?? [];
  }

  links(): Link[] {
    return this.rawLinks.flatMap((raw) => readLink(raw) ?? []);
  }

  /** Files without wires may leave `links` out. */
  private get rawLinks(): readonly Json[] {
    return (this.raw as Partial<Workflow>).links ?? [];
  }

  private recorder(ops: Op[]): Edit {
    const run = (op: Op): void => {
      apply(this.raw, op);
      ops.push(op);
      if (touchesStructure(op)) this.lookup = null;
    };
    return {
      set: (path, to) => {
        run({ kind: "set", path, from: cloneJson(valueAt(this.raw, path)), to: cloneJson(to) });
      },
      push: (path, value) => {
        const list = valueAt(this.raw, path);
        const index = Array.isArray(list) ? list.length : 0;
        run({ kind: "insert", path, index, value: cloneJson(value) });
      },
      removeAt: (path, index) => {
        const value = cloneJson(valueAt(this.raw, [...path, index]) ?? null);
        run({ kind: "remove", path, index, value });
      },
    };
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
    this.lookup = null;
    this.emit(ops);
    return patch.label;
  }

  private index(): Lookup {
    if (this.lookup) return this.lookup;
    const lookup: Lookup = { nodes: new Map(), links: new Map(), byNode: new Map() };
    this.raw.nodes.forEach((node, at) => lookup.nodes.set(keyOf(node.id), at));
    this.rawLinks.forEach((raw, at) => {
      const link = readLink(raw);
      if (!link) return;
      lookup.links.set(keyOf(link.id), at);
      for (const end of new Set([link.from, link.to])) {
        const list = lookup.byNode.get(end);
        if (list) list.push(link);
        else lookup.byNode.set(end, [link]);
      }
    });
    this.lookup = lookup;
    return lookup;
  }

  private emit(ops: readonly Op[]): void {
    const nodes = new Set<Key>();
    for (const op of ops) {
      const node = op.path[0] === "nodes" ? this.raw.nodes[Number(op.path[1])] : undefined;
      if (node) nodes.add(keyOf(node.id));
    }
    const structure = ops.some(touchesStructure);
    for (const listener of this.listeners) listener({ nodes, structure, ops });
  }
}

function touchesStructure(op: Op): boolean {
  const [root, , field] = op.path;
  return root === "links" || root === "groups" || (root === "nodes" && (!field || field === "id"));
}
