/** The context menu: what can be done with what lies under the pointer. */
import { t } from "../i18n";
import type { Vec } from "../canvas/camera";
import type { Hit } from "../canvas/hit";
import { colorNodes, fitGroup, NODE_COLORS, nodesIn } from "../input/arrangecommands";
import { labelWire } from "../input/wirelabel";
import { isLocked, removeGroup, setGroup } from "../model/groups";
import { presentWire } from "../model/presentation";
import { removeReroute } from "../model/reroutes";
import { editGroupTitle } from "../widgets/edit";
import { borderSlot, dropBorderSlot, editSlotLabel, promote } from "../input/subgraphcommands";
import { disconnect } from "../model/actions";
import { isCollapsed, keyOf, Mode, modeOf } from "../model/workflow";
import type { App } from "./app";
import { pictureLines } from "./clipspace";
import { type MenuLine, shownAt, ui } from "./ui";

export function contextMenu(app: App, at: Vec, hit: Hit | null): (MenuLine | null)[] {
  if (hit?.kind === "wire") return wireMenu(app, hit);
  if (hit?.kind === "reroute") return rerouteMenu(app, keyOf(hit.reroute.id));
  if (hit?.kind === "group") return groupMenu(app, hit);
  const border = hit?.kind === "socket" ? borderMenu(app, hit) : null;
  if (border) return border;
  return hit && "box" in hit ? nodeMenu(app, hit) : groundMenu(app, at);
}

function line(app: App, id: string, title?: string): MenuLine {
  const command = app.commands.get(id);
  return {
    title: title ?? command?.title ?? id,
    ...(command?.keys ? { keys: command.keys } : {}),
    enabled: command?.enabled?.() !== false,
    run: () => {
      app.commands.run(id);
    },
  };
}

function wireMenu(app: App, { wire }: Extract<Hit, { kind: "wire" }>): MenuLine[] {
  const { doc } = app.scene;
  return [
    { title: wire.hidden ? "Show wire" : "Hide wire", run: () => {
      presentWire(doc, wire.key, { hidden: !wire.hidden });
    } },
    { title: wire.label ? "Change label" : "Label", run: () => {
      labelWire(app.workspace, wire);
    } },
    { title: "Remove wire", run: () => {
      disconnect(doc, wire.key);
    } },
  ];
}

function rerouteMenu(app: App, key: string): MenuLine[] {
  return [{ title: "Remove reroute", run: () => {
    removeReroute(app.scene.doc, key);
  } }];
}

function groupMenu(app: App, { group, index }: Extract<Hit, { kind: "group" }>): (MenuLine | null)[] {
  const { doc } = app.scene;
  const ws = app.workspace;
  return [
    { title: "Rename", run: () => {
      ws.edit((site) => editGroupTitle(site, doc, group, index));
    } },
    { title: "Select its nodes", run: () => {
      ws.select(nodesIn(ws, group).map((box) => box.key));
    } },
    { title: "Fit to its nodes", run: () => {
      fitGroup(ws, group, index);
    } },
    { title: isLocked(group) ? "Unlock" : "Lock", run: () => {
      setGroup(doc, index, "Lock group", { locked: isLocked(group) ? undefined : true });
    } },
    null,
    ...Object.entries(NODE_COLORS).map(([name, [, color]]) => ({ title: t("Colour: {name}", { name: t(name) }), run: () => {
      setGroup(doc, index, "Colour group", { color });
    } })),
    null,
    { title: "Ungroup", run: () => {
      removeGroup(doc, index);
    } },
  ];
}

/** A menu of colours in place of the one that led here. */
function colorMenu(app: App): MenuLine[] {
  const lines = Object.entries(NODE_COLORS).map(([name, colors]) => ({ title: t(name), run: () => {
    colorNodes(app.workspace, colors);
  } }));
  return [{ title: "None", run: () => {
    colorNodes(app.workspace, null);
  } }, ...lines];
}

function nodeMenu(app: App, hit: Exclude<Hit, { kind: "wire" | "group" | "reroute" }>): (MenuLine | null)[] {
  const { node } = hit.box;
  const urls = app.scene.pictureUrls(hit.box);
  const picture: MenuLine[] = urls.length > 0 ? [
    { title: "Show picture", run: () => {
      ui.viewer.value = { items: urls.map(shownAt), at: 0 };
    } },
  ] : [];
  const about = [...picture, ...pictureLines(app, hit.box)];
  return [
    ...sweepLines(app, hit),
    ...about,
    ...(about.length > 0 ? [null] : []),
    line(app, "rename"),
    line(app, "collapse", isCollapsed(node) ? "Expand" : "Collapse"),
    line(app, "bypass", modeOf(node) === Mode.Bypass ? "Stop bypassing" : "Bypass"),
    line(app, "pin"),
    { title: "Colour…", run: () => {
      const at = app.workspace.pointer;
      // The menu that is closing has its turn first.
      queueMicrotask(() => {
        ui.menu.value = { at, lines: colorMenu(app) };
      });
    } },
    line(app, "mute", modeOf(node) === Mode.Mute ? "Unmute" : "Mute"),
    null,
    line(app, "copy"),
    line(app, "duplicate"),
    line(app, "help"),
    null,
    line(app, "dissolve"),
    line(app, "delete"),
    null,
    ...subgraphLines(app, hit),
  ];
}

/** A field that is not wired can be an axis. */
function sweepLines(app: App, hit: Exclude<Hit, { kind: "wire" | "group" | "reroute" }>): MenuLine[] {
  const row = hit.kind === "widget" && !hit.side ? hit.row : null;
  const wired = row?.socket != null && row.socket.socket.link !== null;
  if (!row || wired || row.widget.kind === "control" || row.widget.kind === "upload" || app.scene.isInstance(hit.box)) return [];
  return [{ title: t("Sweep {name}…", { name: row.widget.name }), run: () => {
    ui.axis.value = { node: app.scene.path + hit.box.key, input: row.widget.name };
    ui.dialog.value = "sweep";
  } }];
}

function subgraphLines(app: App, hit: Exclude<Hit, { kind: "wire" | "group" | "reroute" }>): MenuLine[] {
  const lines = [line(app, "group"), line(app, "make-subgraph")];
  if (app.scene.isInstance(hit.box)) lines.unshift(line(app, "enter-subgraph"), line(app, "unpack-subgraph"), line(app, "keep-subgraph"));
  const row = hit.kind === "widget" ? hit.row : null;
  if (row?.socket && row.socket.socket.link === null && app.scene.path !== "") {
    lines.push({ title: t("Show {name} on the subgraph's node", { name: row.widget.name }), run: () => {
      promote(app.workspace, hit.box.key, row.widget.name);
    } });
  }
  return lines;
}

/** A slot of a subgraph's border. */
function borderMenu(app: App, hit: Extract<Hit, { kind: "socket" }>): MenuLine[] | null {
  const found = borderSlot(app.workspace, hit.box.key, hit.socket);
  if (!found) return null;
  return [
    { title: "Rename slot", run: () => {
      editSlotLabel(app.workspace, hit.box.key, hit.socket, found.side, found.slot);
    } },
    { title: "Remove slot", run: () => {
      dropBorderSlot(app.workspace, found.side, found.slot);
    } },
  ];
}

function groundMenu(app: App, at: Vec): (MenuLine | null)[] {
  return [
    { ...line(app, "add-node"), run: () => {
      app.workspace.doors.search(at, null, (spec) => app.workspace.add(spec, app.renderer.camera.toWorld(at)));
    } },
    line(app, "paste"),
    line(app, "select-all"),
    null,
    line(app, "fit"),
    line(app, "undo"),
    line(app, "redo"),
  ];
}
