/** What the hands work on: scene, camera, editors, and the doors to the shell. */
import { HEADER, naturalSize } from "../canvas/layout";
import type { Hit } from "../canvas/hit";
import type { Renderer } from "../canvas/renderer";
import type { Scene } from "../canvas/scene";
import type { Vec } from "../canvas/camera";
import { addNode, insertNode } from "../model/actions";
import { copy, type Fragment, paste } from "../model/clipboard";
import type { Document } from "../model/document";
import type { NodeSpec } from "../model/schema";
import type { SocketFilter } from "../model/search";
import { connect, firstInput, firstOutput, type InputEnd, type OutputEnd } from "../model/wiring";
import type { Key } from "../model/workflow";
import type { Editor, EditorSite, Supply } from "../widgets/editor";

/** What the floor above does for a gesture. */
export interface Doors {
  /** Ask for a node type at a screen point; `chosen` adds it. */
  search(at: Vec, filter: SocketFilter | null, chosen: (spec: NodeSpec) => void): void;
  menu(at: Vec, hit: Hit | null): void;
  /** Offer a few things to do at a screen point, under a line that says what for. */
  offer(at: Vec, heading: string, choices: readonly { title: string; run: () => void }[]): void;
  say(text: string, kind: "info" | "error"): void;
  /** Keep and apply a setting. */
  keep(id: string, value: string): void;
  /** Pictures and choices of lists. */
  supply: Supply;
  /** Choose a picture for the upload widget of a node. */
  upload(key: Key): void;
  /** Show the inside of a subgraph node. */
  enter(key: Key): void;
  /** Show the pictures of a node large, beginning with one of them. */
  show(key: Key, at: number): void;
}

/** The loose end of a wire that still needs a node. */
export type LooseEnd = { from: OutputEnd; type: SocketFilter["type"] } | { to: InputEnd; type: SocketFilter["type"] };

export class Workspace {
  /** The last place of the pointer in CSS pixels of the canvas. */
  pointer: Vec = { x: 0, y: 0 };
  /** Nodes snap to the grid when they are dragged. */
  snapping = false;
  /** The step of that grid. */
  gridStep = 8;
  /** Arrow keys go from node to node instead of moving the selection. */
  arrowsWalk = false;
  private editor: Editor | null = null;
  private fragment: Fragment | null = null;

  constructor(
    readonly scene: Scene,
    readonly renderer: Renderer,
    readonly editors: HTMLElement,
    readonly doors: Doors,
  ) {
    renderer.onCamera = () => this.editor?.place();
  }

  get doc(): Document {
    return this.scene.doc;
  }

  selected(): Key[] {
    this.scene.refresh();
    return [...this.scene.selection];
  }

  select(keys: Iterable<Key>): void {
    this.scene.selection.clear();
    for (const key of keys) this.scene.selection.add(key);
    this.renderer.ask("world");
  }

  /** Open an editor; the one before closes and keeps what was typed. */
  edit(open: (site: EditorSite) => Editor | null): void {
    this.closeEditor();
    this.editor = open({
      supply: this.doors.supply,
      host: this.editors,
      camera: this.renderer.camera,
      closed: () => {
        this.editor = null;
        this.renderer.ask("world");
      },
    });
  }

  closeEditor(): void {
    this.editor?.close();
    this.editor = null;
  }

  get editing(): boolean {
    return this.editor !== null;
  }

  /** World point in the middle of the view, or under the pointer if it is over the canvas. */
  here(): Vec {
    const { camera } = this.renderer;
    const { x, y } = this.pointer;
    const inside = x > 0 && y > 0 && x < camera.width && y < camera.height;
    return camera.toWorld(inside ? this.pointer : { x: camera.width / 2, y: camera.height / 2 });
  }

  /** Add a node with its header under a world point; wires the loose end if there is one. */
  add(spec: NodeSpec, at: Vec, loose: LooseEnd | null = null): Key {
    const size = naturalSize(spec);
    if (!loose) {
      const key = addNode(this.doc, spec, { x: at.x - size[0] / 2, y: at.y + HEADER / 2 }, size);
      this.select([key]);
      return key;
    }
    const x = "from" in loose ? at.x : at.x - size[0];
    let key = "";
    this.doc.edit(`Add ${spec.title}`, (edit) => {
      key = insertNode(edit, this.doc, spec, { x, y: at.y + HEADER / 2 }, size);
      this.tie(edit, key, loose);
    });
    this.select([key]);
    return key;
  }

  private tie(edit: Parameters<typeof connect>[0], key: Key, loose: LooseEnd): void {
    const { doc, scene } = this;
    if ("from" in loose) {
      const name = firstInput(doc, scene.specs, key, loose.type);
      if (name !== null) connect(edit, doc, scene.specs, loose.from, { node: key, name });
      return;
    }
    const slot = firstOutput(doc, scene.specs, key, loose.type);
    if (slot !== null) connect(edit, doc, scene.specs, { node: key, slot }, loose.to);
  }

  copySelection(): Fragment {
    this.fragment = copy(this.doc, this.selected());
    return this.fragment;
  }

  pasteFragment(fragment: Fragment | null = this.fragment, outside = false): void {
    if (!fragment) return;
    this.select(paste(this.doc, this.scene.specs, fragment, this.here(), outside));
  }

  /** Copies of the selected nodes, a little lower and to the right. */
  duplicate(): void {
    const bounds = this.scene.bounds(this.selected());
    if (!bounds) return;
    const at = { x: bounds.x + 32, y: bounds.y + HEADER + 32 };
    this.select(paste(this.doc, this.scene.specs, copy(this.doc, this.selected()), at, true));
  }

  /** Bring nodes into view, or all of them. */
  frame(keys?: Iterable<Key>, glide = true): void {
    const bounds = this.scene.bounds(keys);
    if (bounds) this.renderer.frameRect(bounds, glide);
  }
}
