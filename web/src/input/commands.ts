/** Commands: everything a key, a menu line or the palette can start, in one table. */
import { dissolve, removeNodes, toggleCollapse, toggleMode } from "../model/actions";
import { Mode } from "../model/workflow";
import { editTitle } from "../widgets/edit";
import { arrangeCommands } from "./arrangecommands";
import type { Bindings } from "./bindings";
import { subgraphCommands } from "./subgraphcommands";
import { walkCommands } from "./walking";
import type { Workspace } from "./workspace";

export interface Command {
  id: string;
  title: string;
  group: "Run" | "Workflow" | "Edit" | "View" | "Setting" | "Node" | "Extension";
  /** Like "Mod+Shift+Z"; Mod is Ctrl, or Cmd on a Mac. Several are separated by a space. */
  keys?: string;
  run: () => void;
  enabled?: () => boolean;
}

/**
 * The table of commands.
 *
 * Invariant: `keys` of what `get` and `all` give are the keys that hold now: the user's, or else the
 * command's own.
 */
export class Commands {
  private readonly table = new Map<string, Command>();
  private readonly own = new Map<string, string>();
  private changed: Bindings = {};

  add(...commands: Command[]): void {
    for (const command of commands) {
      this.own.set(command.id, command.keys ?? "");
      this.table.set(command.id, this.withKeys(command));
    }
  }

  /** Let other keys start commands; those that are not named have their own again. */
  bind(bindings: Bindings): void {
    this.changed = bindings;
    for (const [id, command] of this.table) this.table.set(id, this.withKeys(command));
  }

  /** What the user changed, also of commands that are not here now. */
  get bindings(): Bindings {
    return this.changed;
  }

  /** The keys that a command comes with. */
  ownKeys(id: string): string {
    return this.own.get(id) ?? "";
  }

  private withKeys(command: Command): Command {
    const keys = this.changed[command.id] ?? this.ownKeys(command.id);
    const given: Command = { ...command, keys };
    if (keys === "") delete given.keys;
    return given;
  }

  remove(id: string): void {
    this.table.delete(id);
  }

  get(id: string): Command | undefined {
    return this.table.get(id);
  }

  all(): Command[] {
    return [...this.table.values()];
  }

  /** Start a command; false if it is unknown or makes no sense now. */
  run(id: string): boolean {
    const command = this.table.get(id);
    if (!command || command.enabled?.() === false) return false;
    command.run();
    return true;
  }
}

export function canvasCommands(ws: Workspace): Command[] {
  const some = (): boolean => ws.scene.selection.size > 0;
  const on = (act: (keys: string[]) => void) => (): void => {
    act(ws.selected());
  };
  return [
    { id: "undo", title: "Undo", group: "Edit", keys: "Mod+Z", run: () => ws.doc.undo(), enabled: () => ws.doc.canUndo },
    {
      id: "redo",
      title: "Redo",
      group: "Edit",
      keys: "Mod+Shift+Z Mod+Y",
      run: () => ws.doc.redo(),
      enabled: () => ws.doc.canRedo,
    },
    { id: "delete", title: "Delete", group: "Edit", keys: "Delete Backspace", enabled: some, run: on((keys) => {
      removeNodes(ws.doc, keys);
    }) },
    { id: "dissolve", title: "Delete and rejoin wires", group: "Edit", keys: "Mod+Delete Mod+Backspace", enabled: some, run: on((keys) => {
      dissolve(ws.doc, ws.scene.specs, keys);
    }) },
    { id: "duplicate", title: "Duplicate", group: "Edit", keys: "Mod+D", enabled: some, run: () => {
      ws.duplicate();
    } },
    { id: "select-all", title: "Select all", group: "Edit", keys: "Mod+A", run: () => {
      ws.select(ws.scene.boxes.keys());
    } },
    { id: "bypass", title: "Bypass", group: "Edit", keys: "Mod+B", enabled: some, run: on((keys) => {
      toggleMode(ws.doc, keys, Mode.Bypass);
    }) },
    { id: "mute", title: "Mute", group: "Edit", keys: "Mod+M", enabled: some, run: on((keys) => {
      toggleMode(ws.doc, keys, Mode.Mute);
    }) },
    { id: "collapse", title: "Collapse", group: "Edit", keys: "Alt+C", enabled: some, run: on((keys) => {
      toggleCollapse(ws.doc, keys);
    }) },
    { id: "rename", title: "Rename", group: "Edit", keys: "F2", enabled: () => ws.scene.selection.size === 1, run: () => {
      const box = ws.scene.boxes.get(ws.selected()[0] ?? "");
      if (box) ws.edit((site) => editTitle(site, ws.scene, box));
    } },
    ...walkCommands(ws),
    ...arrangeCommands(ws),
    ...subgraphCommands(ws),
    ...viewCommands(ws, some),
  ];
}

function viewCommands(ws: Workspace, some: () => boolean): Command[] {
  const zoom = (factor: number) => (): void => {
    const { camera } = ws.renderer;
    camera.zoomAt({ x: camera.width / 2, y: camera.height / 2 }, factor);
    ws.renderer.moved();
  };
  return [
    { id: "fit", title: "Fit everything", group: "View", keys: "Shift+1", run: () => {
      ws.frame();
    } },
    { id: "fit-selection", title: "Fit selection", group: "View", keys: "Shift+2 .", run: () => {
      ws.frame(some() ? ws.selected() : undefined);
    } },
    { id: "zoom-in", title: "Zoom in", group: "View", keys: "Alt+=", run: zoom(1.25) },
    { id: "zoom-out", title: "Zoom out", group: "View", keys: "Alt+-", run: zoom(0.8) },
    { id: "zoom-1", title: "Zoom to 100 %", group: "View", keys: "Shift+0", run: () => {
      zoom(1 / ws.renderer.camera.scale)();
    } },
  ];
}
