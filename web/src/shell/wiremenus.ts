/** Menus of what is no node: wires, their points, and groups. */
import { t } from "../i18n";
import type { Vec } from "../canvas/camera";
import type { Hit } from "../canvas/hit";
import { fitGroup, NODE_COLORS, nodesIn } from "../input/arrangecommands";
import { bendWire, insertIntoWire } from "../input/slotcommands";
import { labelWire } from "../input/wirelabel";
import { disconnect, removeNodes, toggleMode } from "../model/actions";
import { isLocked, removeGroup, setGroup } from "../model/groups";
import { presentWire } from "../model/presentation";
import { removeReroute } from "../model/reroutes";
import { keyOf, Mode, type RawGroup } from "../model/workflow";
import { editGroupTitle } from "../widgets/edit";
import type { App } from "./app";
import { submenu } from "./submenu";
import type { MenuLine } from "./ui";

export function wireMenu(app: App, at: Vec, { wire }: Extract<Hit, { kind: "wire" }>): (MenuLine | null)[] {
  const { doc } = app.scene;
  const ws = app.workspace;
  const go = (title: string, key: string): MenuLine => ({ title, run: () => {
    ws.select([key]);
    ws.frame([key]);
  } });
  return [
    { title: "Insert a node…", run: () => {
      insertIntoWire(ws, at, wire);
    } },
    { title: "Add a reroute", run: () => {
      bendWire(ws, wire);
    } },
    { title: wire.hidden ? "Show wire" : "Hide wire", run: () => {
      presentWire(doc, wire.key, { hidden: !wire.hidden });
    } },
    { title: wire.label ? "Change label" : "Label", run: () => {
      labelWire(ws, wire);
    } },
    null,
    go("Go to where it comes from", wire.from.key),
    go("Go to where it leads", wire.to.key),
    null,
    { title: "Remove wire", run: () => {
      disconnect(doc, wire.key);
    } },
  ];
}

export function rerouteMenu(app: App, { reroute }: Extract<Hit, { kind: "reroute" }>): MenuLine[] {
  return [{ title: "Remove reroute", run: () => {
    removeReroute(app.scene.doc, keyOf(reroute.id));
  } }];
}

export function groupMenu(app: App, { group, index }: Extract<Hit, { kind: "group" }>): (MenuLine | null)[] {
  const { doc } = app.scene;
  const ws = app.workspace;
  const keys = (): string[] => nodesIn(ws, group).map((box) => box.key);
  return [
    { title: "Rename", run: () => {
      ws.edit((site) => editGroupTitle(site, doc, group, index));
    } },
    { title: "Select its nodes", run: () => {
      ws.select(keys());
    } },
    { title: "Fit to its nodes", run: () => {
      fitGroup(ws, group, index);
    } },
    { title: isLocked(group) ? "Unlock" : "Lock", run: () => {
      setGroup(doc, index, "Lock group", { locked: isLocked(group) ? undefined : true });
    } },
    submenu("Colour…", () => ws.pointer, () => colorLines(app, index)),
    null,
    { title: "Bypass its nodes, or stop", run: () => {
      toggleMode(doc, keys(), Mode.Bypass);
    } },
    { title: "Mute its nodes, or stop", run: () => {
      toggleMode(doc, keys(), Mode.Mute);
    } },
    null,
    { title: "Ungroup", run: () => {
      removeGroup(doc, index);
    } },
    { title: "Remove with its nodes", run: () => {
      removeAll(app, group, index);
    } },
  ];
}

function removeAll(app: App, group: RawGroup, index: number): void {
  const { doc } = app.scene;
  const keys = nodesIn(app.workspace, group).map((box) => box.key);
  doc.edit("Remove group", () => {
    removeNodes(doc, keys);
    removeGroup(doc, index);
  });
}

const colorLines = (app: App, index: number): MenuLine[] => Object.entries(NODE_COLORS).map(([name, [, color]]) => ({ title: t(name), swatch: color, run: () => {
  setGroup(app.scene.doc, index, "Colour group", { color });
} }));
