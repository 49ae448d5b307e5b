/**
 * What plugins draw on the canvas and answer there; empty without plugins.
 *
 * Invariant: a part never throws and leaves the context as it found it; who adds it sees to that.
 */
import type { Json } from "../model/json";
import type { RawNode } from "../model/workflow";
import type { Rect, Vec } from "./camera";
import type { Env } from "./drawnode";
import type { NodeBox, Shapes, SocketBox, WidgetBox } from "./layout";

export type NodePart = (env: Env, box: NodeBox) => void;

export interface WidgetPart {
  draw(env: Env, rect: Rect, value: Json): void;
  /** Answer a click, in shares of the field; false to open the usual editor. */
  press(at: Vec, box: NodeBox): boolean;
}

/** A press that a script took: it hears of every move until the release. */
export interface Grip {
  move(world: Vec): void;
  end(world: Vec): void;
}

/** What scripts may do to every node, whatever its type. */
export interface Everywhere {
  /** Before a node's fields are drawn, and after everything else. */
  under: NodePart;
  over: NodePart;
  field(box: NodeBox, input: string): WidgetPart | undefined;
  grab(box: NodeBox, row: WidgetBox | null, world: Vec): Grip | null;
  /** Whether a script of one of the nodes refuses this wire. */
  refuses(from: Plug, to: Plug): boolean;
  /** A wire was dropped on the ground; true if a script sees to it. */
  dropped(end: Plug, world: Vec): boolean;
}

/** A socket on its node. */
export interface Plug {
  box: NodeBox;
  socket: SocketBox;
}

export class Plugged {
  /** By node type. */
  readonly nodes = new Map<string, Set<NodePart>>();
  readonly overlays = new Set<(env: Env) => void>();
  everywhere: Everywhere | null = null;
  /** The shapes of a node's fields. */
  shapes: ((node: RawNode) => Shapes | null) | null = null;
  private readonly widgets = new Map<string, WidgetPart>();

  drawNode(env: Env, box: NodeBox): void {
    for (const part of this.nodes.get(box.node.type) ?? []) part(env, box);
    this.everywhere?.over(env, box);
  }

  /** Who draws a field and answers there, if not the canvas itself. */
  field(box: NodeBox, input: string): WidgetPart | undefined {
    return this.everywhere?.field(box, input) ?? this.widget(box.node.type, input);
  }

  widget(type: string, input: string): WidgetPart | undefined {
    return this.widgets.get(`${type} ${input}`);
  }

  setWidget(type: string, input: string, part: WidgetPart | null): void {
    if (part) this.widgets.set(`${type} ${input}`, part);
    else this.widgets.delete(`${type} ${input}`);
  }

  /** A click on a field at a place of the world; true if a plugin took it. */
  press(box: NodeBox, row: WidgetBox, world: Vec): boolean {
    const { x, y, w, h } = row.rect;
    const at = { x: (world.x - box.x - x) / w, y: (world.y - box.y - y) / h };
    return this.field(box, row.widget.name)?.press(at, box) ?? false;
  }
}
