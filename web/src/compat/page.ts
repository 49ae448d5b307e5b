/**
 * What all parts of the ComfyUI face share: the application, node classes and instances, extensions.
 *
 * Invariant: code of an extension is only ever called through `call`, which catches what it throws
 * and names it once.
 */
import type { Document, Edit } from "../model/document";
import { keyOf, type RawNode } from "../model/workflow";
import type { Key } from "../model/workflow";
import type { App } from "../shell/app";
import type { CanvasFace } from "./canvas";
import type { GraphFace } from "./graph";
import type { LGraphNode } from "./node";

/** What a script handed over: anything by name. */
export type Loose = Record<string, unknown>;
export type NodeClass = (new (title?: string) => LGraphNode) & Loose;

/** Edits of scripts are one step while nothing else comes between. */
const GESTURE = "script";

export class Page {
  /** Node classes by type. */
  readonly types = new Map<string, NodeClass>();
  /** Instances by the JSON they stand for. */
  readonly instances = new WeakMap<RawNode, LGraphNode>();
  /** The same of the shown level, in the order of the file. */
  nodes: LGraphNode[] = [];
  readonly extensions: Loose[] = [];
  readonly outputs: Loose = {};
  graph!: GraphFace;
  canvas!: CanvasFace;
  /** The object `app` of scripts. */
  comfy!: Loose;
  /** Let the makers of custom fields fill a fresh node. */
  fill: (node: LGraphNode) => void = () => undefined;
  /** Bring instances in step with the document now. */
  settle: () => void = () => undefined;
  /** Counts while the page itself makes instances or writes, so that no callback of a field fires. */
  quiet = 0;
  private wrote = false;
  private readonly told = new Set<string>();

  constructor(
    readonly app: App,
    /** Called with the name of an extension and what went wrong. */
    private readonly failed: (name: string, text: string) => void,
  ) {}

  get doc(): Document {
    return this.app.scene.doc;
  }

  node(key: Key): LGraphNode | undefined {
    const raw = this.doc.node(key);
    return raw && this.instances.get(raw);
  }

  keyOf(node: LGraphNode): Key {
    return keyOf(node.id);
  }

  edit(label: string, run: (edit: Edit) => void): void {
    this.doc.edit(label, run, GESTURE);
    this.wrote = true;
  }

  /** What scripts do from the next frame on is a step of its own. */
  rest(): void {
    if (this.wrote) this.doc.endGesture();
    this.wrote = false;
  }

  redraw(): void {
    this.app.renderer.ask("world");
  }

  /** Call what a script may have put at a name; undefined if there is nothing. */
  call(on: object, name: string, ...given: unknown[]): unknown {
    const found = (on as Loose)[name];
    if (typeof found !== "function") return undefined;
    return this.guard(name, () => (found as (...all: unknown[]) => unknown).apply(on, given));
  }

  /** Run code of a script; what it throws is told once. */
  guard<T>(what: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.tell(what, error);
      return undefined;
    }
  }

  /** Call a hook of every extension, one after the other; each may take its time. */
  async invoke(hook: string, ...given: unknown[]): Promise<void> {
    for (const extension of this.extensions) {
      try {
        const found = extension[hook];
        if (typeof found === "function") await (found as (...all: unknown[]) => unknown).call(extension, ...given, this.comfy);
      } catch (error) {
        this.tell(`${String(extension["name"] ?? "?")} · ${hook}`, error);
      }
    }
  }

  /** The same at once, with what each gave back. */
  gather(hook: string, ...given: unknown[]): unknown[] {
    return this.extensions.flatMap((extension) => {
      const made = this.call(extension, hook, ...given);
      return made === undefined ? [] : [made];
    });
  }

  tell(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (this.told.has(what + why)) return;
    this.told.add(what + why);
    this.failed(this.culprit(error), `${what}: ${why}`);
  }

  /** The address of the script in an error's trace, which names the extension. */
  private culprit(error: unknown): string {
    const trace = error instanceof Error ? (error.stack ?? "") : "";
    return /\/extensions\/[^\s:?)]+/.exec(trace)?.[0] ?? "";
  }
}
