/** What a script of a node pack may add to the canvas. docs/plugins-canvas.md shows how. */

/** Takes back what a call has added. Calling it twice does no harm. */
export interface Disposable {
  dispose(): void;
}

/** JSON, with integers beyond 2^53 as bigint. */
export type Value = null | boolean | number | bigint | string | readonly Value[] | { readonly [key: string]: Value };

/** A node of the level on the canvas; read it again after a change. */
export interface PluginNode {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  /** Its box in canvas units, header included. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly selected: boolean;
  /** The value of a field; undefined if it has no such field. */
  value(input: string): Value | undefined;
  /** Set a field: one step that can be undone. */
  set(input: string, value: Value): void;
}

/** Colours of the present theme, and how large a canvas unit is in pixels. */
export interface Look {
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly field: string;
  readonly border: string;
  readonly done: string;
  readonly running: string;
  readonly error: string;
  readonly font: string;
  readonly scale: number;
}

export interface Command {
  id: string;
  title: string;
  /** Such as "Alt+J" or "Mod+Shift+J"; Mod is Ctrl, or Cmd on a Mac. */
  keys?: string;
  run(loom: Loom): void;
}

/** More keys for a command of the canvas, such as `fit`, or for one of the plugin's own. */
export interface Keys {
  keys: string;
  command: string;
}

/** A panel at the side. It is opened by a command of its own. */
export interface Panel {
  id: string;
  title: string;
  /** Fill the element. What is returned is called when the panel closes. */
  render(element: HTMLElement, loom: Loom): (() => void) | undefined;
}

/** Draws over the whole canvas, in canvas units. */
export interface Overlay {
  id: string;
  draw(ctx: CanvasRenderingContext2D, look: Look, loom: Loom): void;
}

/** Draws on every node of a type, over what is there; 0, 0 is the top left of its box. */
export interface NodeRenderer {
  type: string;
  draw(ctx: CanvasRenderingContext2D, node: PluginNode, look: Look): void;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws one field of a node type in place of the canvas. */
export interface Widget {
  node: string;
  input: string;
  draw(ctx: CanvasRenderingContext2D, rect: Rect, value: Value, look: Look): void;
  /** A click, from 0 to 1 across the field. Without it the usual editor opens. */
  press?(at: { x: number; y: number }, node: PluginNode): void;
}

/** A choice of the user, shown in the list of extensions. */
export interface Setting {
  id: string;
  name: string;
  /** Values and what the user reads; the first one is the default. */
  choices: readonly (readonly [value: string, text: string])[];
  changed?(value: string, loom: Loom): void;
}

/** The canvas, as a plugin sees it. Whatever it adds goes when the plugin is switched off. */
export interface Loom {
  nodes(): PluginNode[];
  /** Choose nodes by id. */
  select(ids: readonly string[]): void;
  /** Start a command, such as `run` or `fit`; false if it is unknown or makes no sense now. */
  run(command: string): boolean;
  say(text: string): void;
  /** The value of one of the plugin's settings. */
  setting(id: string): string;
  /** Ask for a frame: what the plugin draws has changed. */
  redraw(): void;
  /** Called after nodes, values, results or the selection have changed. */
  onChange(listener: () => void): Disposable;
  addCommand(command: Command): Disposable;
  addKeys(keys: Keys): Disposable;
  addPanel(panel: Panel): Disposable;
  addOverlay(overlay: Overlay): Disposable;
  addNodeRenderer(renderer: NodeRenderer): Disposable;
  addWidget(widget: Widget): Disposable;
}

export interface Plugin {
  name: string;
  commands?: readonly Command[];
  keys?: readonly Keys[];
  panels?: readonly Panel[];
  overlays?: readonly Overlay[];
  nodeRenderers?: readonly NodeRenderer[];
  widgets?: readonly Widget[];
  settings?: readonly Setting[];
  /** Called once everything above is there. What is returned is disposed of at the end. */
  start?(loom: Loom): Disposable | undefined;
}

export function definePlugin(plugin: Plugin): Plugin;
