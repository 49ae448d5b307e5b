/**
 * The document: one graph of the parsed workflow JSON, with lookups by id.
 *
 * The root of a file is a document, and so is the inside of each subgraph (`inside`); all of them
 * share one history. Invariant: `raw` changes only through `edit`, `undo` and `redo`; what no
 * patch touched stays as the file had it. Lookups are rebuilt lazily when positions moved.
 */
import { t } from "../i18n";
import { boundaryNode, INPUTS, isBoundary, OUTPUTS } from "./boundary";
import { type Edit, History, type Step, type Steps } from "./history";
import { isObject, type Json, type JsonObject } from "./json";
import type { Op, Patch, Path } from "./patch";
import { valueAt } from "./patch";
import { keyOf, type Key, type Link, readLink, type RawNode, type Workflow } from "./workflow";

export type { Edit, Step, Steps } from "./history";

/** What a change touched: nodes by key, and whether nodes or links came, went or moved. */
export interface Change {
  nodes: ReadonlySet<Key>;
  structure: boolean;
  /** With paths from the root of the file. */
  ops: readonly Op[];
  step: Step;
  label: string;
}

interface Lookup {
  epoch: number;
  nodes: Map<Key, number>;
  links: Map<Key, number>;
  /** Links by node key, for redraws and removals. */
  byNode: Map<Key, Link[]>;
}

/** Where a level stands in the file as of an epoch; null where its subgraph is gone. */
interface Place {
  epoch: number;
  at: Path | null;
  raw: Workflow;
}

/** What a level shows whose subgraph is gone (its making was undone). */
const GONE: Workflow = { nodes: [], links: [] };

export class Document {
  private readonly history: History;
  private lookup: Lookup | null = null;
  private place: Place | null = null;

  /** The root of a file; for a subgraph's inside use `inside`. */
  constructor(raw: Workflow, parent: Document | null = null, readonly subgraph: string | null = null) {
    this.history = parent ? parent.history : new History(raw, touchesStructure);
  }

  /** The root of the file. */
  root(): Document {
    return this.subgraph === null ? this : new Document(this.history.raw, this, null);
  }

  /** The inside of a subgraph, by the id of its definition. */
  inside(id: string): Document {
    return new Document(this.history.raw, this, id);
  }

  /** The whole file, at whichever level this is. */
  get file(): Workflow {
    return this.history.raw;
  }

  /** The graph of this level. */
  get raw(): Workflow {
    return this.subgraph === null ? this.history.raw : this.where().raw;
  }

  /** False once the subgraph that this is the inside of was removed. */
  get exists(): boolean {
    return this.subgraph === null || this.where().at !== null;
  }

  private where(): Place {
    const { epoch } = this.history;
    if (this.place?.epoch === epoch) return this.place;
    const at = this.subgraph === null ? [] : (definitionPaths(this.history.raw).get(this.subgraph) ?? null);
    const raw = at === null ? GONE : (valueAt(this.history.raw, at) as Workflow);
    this.place = { epoch, at, raw };
    return this.place;
  }

  /**
   * Change the document in one undoable step.
   *
   * Edits with the same `gesture` that follow each other become one step until `endGesture`; an
   * edit made while another runs is part of that one.
   */
  edit(label: string, run: (edit: Edit) => void, gesture: string | null = null): Patch | null {
    const { at } = this.where();
    return at === null ? null : this.history.edit(label, at, run, gesture);
  }

  /** Change the file outside this level within the running step: definitions, other levels. */
  editFile(label: string, run: (edit: Edit) => void): Patch | null {
    return this.history.edit(label, [], run, null);
  }

  /** Close the running gesture: the next edit starts a step of its own. */
  endGesture(): void {
    this.history.endGesture();
  }

  /** Take back the last step, with the automatic ones after it. Returns its label. */
  undo(): string | null {
    return this.history.undo();
  }

  /** Repeat the step that was taken back last. Returns its label. */
  redo(): string | null {
    return this.history.redo();
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  /** Steps done since the document was opened; the journal and the saved mark count with it. */
  get revision(): number {
    return this.history.done.length;
  }

  /** Grows with every edit that may have moved positions; what is derived from them compares it. */
  get epoch(): number {
    return this.history.epoch;
  }

  onChange(listener: (change: Change) => void): () => void {
    return this.history.onOps((ops, step, label) => {
      listener({ ...this.changeOf(ops), step, label });
    });
  }

  /** Changes since the document was opened; undo counts too, so no two states share a number. */
  get changes(): number {
    return this.history.changes;
  }

  /** The steps behind and before the present state. */
  get steps(): Readonly<Steps> {
    return this.history;
  }

  /** Give back the steps that belong to the present state. */
  recall(steps: Steps): void {
    this.history.recall(steps);
  }

  /** Live through a change that the journal kept; nobody is told. */
  replay(ops: readonly Op[], step: Step, label: string): void {
    this.history.replay(ops, step, label);
  }

  node(key: Key): RawNode | undefined {
    if (isBoundary(key)) return boundaryNode(this.raw, key) ?? undefined;
    const at = this.index().nodes.get(key);
    return at === undefined ? undefined : this.raw.nodes[at];
  }

  /** The path of a node in the JSON; throws for a key that is not there. */
  nodePath(key: Key): Path {
    if (key === INPUTS) return ["inputNode"];
    if (key === OUTPUTS) return ["outputNode"];
    const at = this.index().nodes.get(key);
    if (at === undefined) throw new Error(t("There is no node {key} in this workflow.", { key }));
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

  private changeOf(ops: readonly Op[]): Omit<Change, "step" | "label"> {
    const { at } = this.where();
    const nodes = new Set<Key>();
    for (const op of ops) {
      const path = at === null ? null : below(op.path, at);
      const node = path?.[0] === "nodes" ? this.raw.nodes[Number(path[1])] : undefined;
      if (node) nodes.add(keyOf(node.id));
    }
    return { nodes, structure: ops.some(touchesStructure), ops };
  }

  private index(): Lookup {
    const { epoch } = this.history;
    if (this.lookup?.epoch === epoch) return this.lookup;
    const lookup: Lookup = { epoch, nodes: new Map(), links: new Map(), byNode: new Map() };
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
}

/** The rest of a path that starts with `at`; null for a path that leads elsewhere. */
function below(path: Path, at: Path): Path | null {
  return at.every((step, i) => step === path[i]) ? path.slice(at.length) : null;
}

/** Where each subgraph's definition stands in the file, those inside others included. */
export function definitionPaths(file: Workflow): Map<string, Path> {
  const found = new Map<string, Path>();
  const open: Path[] = [[]];
  for (let at = open.pop(); at; at = open.pop()) {
    const list = valueAt(file, [...at, "definitions", "subgraphs"]);
    const path = at;
    if (Array.isArray(list)) list.forEach((definition, i) => {
      if (!isObject(definition) || !Array.isArray(definition["nodes"])) return;
      const inner = [...path, "definitions", "subgraphs", i];
      found.set(String(definition["id"] as string), inner);
      open.push(inner);
    });
  }
  return found;
}

/** The definitions of a file by id. */
export function definitionsOf(file: Workflow): Map<string, JsonObject & Workflow> {
  const paths = [...definitionPaths(file)];
  return new Map(paths.map(([id, path]) => [id, valueAt(file, path) as JsonObject & Workflow]));
}

/** Parts of `extra` that wires are drawn from. */
const WIRING = new Set(["reroutes", "linkExtensions", "linkPresentation"]);
/** Fields of a subgraph that its border is drawn from. */
const BORDER = new Set(["inputs", "outputs", "inputNode", "outputNode"]);

function touchesStructure(op: Op): boolean {
  let [root, second, field] = op.path;
  for (let i = 0; root === "definitions"; i += 3) {
    [root, second, field] = op.path.slice(i + 3);
    if (root === undefined || BORDER.has(String(root))) return true;
  }
  if (root === "extra") return second === undefined || WIRING.has(String(second));
  return root === "links" || root === "reroutes" || root === "groups" || (root === "nodes" && (!field || field === "id"));
}
