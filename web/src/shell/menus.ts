/** The context menu: what can be done with what lies under the pointer. */
import { t } from "../i18n";
import type { Vec } from "../canvas/camera";
import type { Hit } from "../canvas/hit";
import { HEADER, naturalSize } from "../canvas/layout";
import { colorNodes, NODE_COLORS } from "../input/arrangecommands";
import { borderSlot, dropBorderSlot, editSlotLabel, promote } from "../input/subgraphcommands";
import { renameSocket, unplug, wireNew, wiresAt } from "../input/slotcommands";
import { resizeNode, setWidget } from "../model/actions";
import { isBoundary } from "../model/boundary";
import { inForm, showsResult, toggleField, toggleResult } from "../model/form";
import { addGroup } from "../model/groups";
import { replaceNodes } from "../model/replace";
import { readWidget, startValue } from "../model/widgets";
import { isCollapsed, Mode, modeOf } from "../model/workflow";
import type { App } from "./app";
import { pictureLines } from "./clipspace";
import { submenu } from "./submenu";
import { type MenuLine, sentenceOf, shownAt, toast, ui } from "./ui";
import { groupMenu, rerouteMenu, wireMenu } from "./wiremenus";

type Lines = (MenuLine | null)[];
type NodeHit = Extract<Hit, { box: unknown }>;

/** The size of a group that is made for nodes to come. */
const NEW_GROUP = { w: 420, h: 280 };

export function contextMenu(app: App, at: Vec, hit: Hit | null): Lines {
  if (hit?.kind === "wire") return wireMenu(app, at, hit);
  if (hit?.kind === "reroute") return rerouteMenu(app, hit);
  if (hit?.kind === "group") return groupMenu(app, hit);
  if (hit?.kind === "socket") return borderMenu(app, hit) ?? socketMenu(app, at, hit);
  return hit ? nodeMenu(app, at, hit) : groundMenu(app, at);
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

/** Parts with a rule between each two that have lines. */
export const parts = (...all: Lines[]): Lines => all.filter((part) => part.length > 0).flatMap((part, i) => (i > 0 ? [null, ...part] : part));

export function colorLines(app: App): MenuLine[] {
  const lines = Object.entries(NODE_COLORS).map(([name, colors]) => ({ title: t(name), swatch: colors[1], run: () => {
    colorNodes(app.workspace, colors);
  } }));
  return [{ title: "None", run: () => {
    colorNodes(app.workspace, null);
  } }, ...lines];
}

const ALIGN = ["align-left", "align-right", "align-top", "align-bottom", "align-column", "align-row", "distribute-x", "distribute-y"];

export const alignLines = (app: App): MenuLine[] => ALIGN.map((id) => line(app, id));

function nodeMenu(app: App, at: Vec, hit: Exclude<NodeHit, { kind: "socket" }>): Lines {
  const { node, key } = hit.box;
  const several = app.scene.selection.size > 1;
  if (isBoundary(key)) return [line(app, "fit-selection")];
  return parts(
    widgetLines(app, at, hit),
    pictures(app, hit),
    [
      line(app, "rename"),
      line(app, "collapse", isCollapsed(node) ? "Expand" : "Collapse"),
      line(app, "bypass", modeOf(node) === Mode.Bypass ? "Stop bypassing" : "Bypass"),
      line(app, "mute", modeOf(node) === Mode.Mute ? "Unmute" : "Mute"),
      line(app, "pin"),
      submenu("Colour…", () => at, () => colorLines(app)),
      ...(several ? [submenu("Align…", () => at, () => alignLines(app))] : []),
      ...sizeLines(app, hit),
    ],
    [
      line(app, "copy"),
      line(app, "duplicate"),
      replaceLine(app, at),
      line(app, "run-selection"),
      ...(hit.box.spec?.isOutput && app.scene.path === "" ? [resultLine(app, key)] : []),
      line(app, "help"),
    ],
    [line(app, "dissolve"), line(app, "delete")],
    subgraphLines(app, hit),
    app.visitors?.nodeLines(hit.box, at) ?? [],
  );
}

/** Which results the form shows; without a choice it shows all. */
function resultLine(app: App, key: string): MenuLine {
  const { doc } = app.scene;
  return { title: showsResult(doc, key) ? "Take its result out of the form" : "Show its result in the form", run: () => {
    toggleResult(doc, key);
  } };
}

function pictures(app: App, hit: NodeHit): MenuLine[] {
  const urls = app.scene.pictureUrls(hit.box);
  const show: MenuLine = { title: "Show picture", run: () => {
    ui.viewer.value = { items: urls.map(shownAt), at: 0 };
  } };
  const { texts } = app.scene.mark(hit.box.key);
  const copy: MenuLine = { title: "Copy its text", run: () => {
    navigator.clipboard.writeText(texts.join("\n")).catch((error: unknown) => {
      toast(sentenceOf(error), "error");
    });
  } };
  return [...(urls.length > 0 ? [show] : []), ...(texts.length > 0 ? [copy] : []), ...pictureLines(app, hit.box)];
}

/** A node that was dragged larger goes back to what its words need. */
function sizeLines(app: App, { box }: NodeHit): MenuLine[] {
  const { spec } = box;
  return spec ? [{ title: "Natural size", run: () => {
    resizeNode(app.scene.doc, box.key, ...naturalSize(spec), null);
  } }] : [];
}

function replaceLine(app: App, at: Vec): MenuLine {
  return { title: "Replace with…", run: () => {
    const keys = app.workspace.selected().filter((key) => !isBoundary(key));
    app.workspace.doors.search(at, null, (spec) => {
      replaceNodes(app.scene.doc, app.scene.specs, keys, spec);
    });
  } };
}

/** A field: its wire, its value, and as an axis of a sweep. */
function widgetLines(app: App, at: Vec, hit: Exclude<NodeHit, { kind: "socket" }>): MenuLine[] {
  const row = hit.kind === "widget" && !hit.side ? hit.row : null;
  if (!row || row.widget.kind === "control" || row.widget.kind === "upload") return [];
  const { box } = hit;
  const { socket, widget } = row;
  if (socket && socket.socket.link !== null) return [{ title: "Unplug", run: () => {
    unplug(app.workspace, box, socket);
  } }];
  const lines: MenuLine[] = [];
  if (socket) lines.push({ title: "Wire from a new node…", run: () => {
    wireNew(app.workspace, at, box, socket);
  } });
  if (readWidget(box.node, box.allWidgets, widget) !== startValue(widget)) {
    lines.push({ title: t("Reset {title}", { title: widget.name }), run: () => {
      setWidget(app.scene.doc, app.scene.specs, box.key, widget.name, startValue(widget));
    } });
  }
  if (app.scene.path === "") lines.push({ title: inForm(app.scene.doc, box.key, widget.name) ? "Take out of the form" : "Show in the form", run: () => {
    toggleField(app.scene.doc, box.key, widget.name);
  } });
  if (!app.scene.isInstance(box)) lines.push({ title: t("Sweep {name}…", { name: widget.name }), run: () => {
    ui.axis.value = { node: app.scene.path + box.key, input: widget.name };
    ui.dialog.value = "sweep";
  } });
  return lines;
}

function subgraphLines(app: App, hit: NodeHit): MenuLine[] {
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

function socketMenu(app: App, at: Vec, { box, socket }: Extract<Hit, { kind: "socket" }>): Lines {
  const ws = app.workspace;
  const wires = wiresAt(ws, box, socket);
  const outward = socket.side === "output";
  const renamed: MenuLine = { title: "Rename slot", run: () => {
    renameSocket(ws, box, socket);
  } };
  return [
    { title: outward ? "Wire to a new node…" : "Wire from a new node…", run: () => {
      wireNew(ws, at, box, socket);
    } },
    { title: outward && wires.length > 1 ? "Unplug all" : "Unplug", enabled: wires.length > 0, run: () => {
      unplug(ws, box, socket);
    } },
    ...(socket.socket.widget === null && box.spec && !isBoundary(box.key) ? [renamed] : []),
  ];
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

function groundMenu(app: App, at: Vec): Lines {
  const point = app.renderer.camera.toWorld(at);
  return parts(
    [
      { ...line(app, "add-node"), run: () => {
        app.workspace.doors.search(at, null, (spec) => app.workspace.add(spec, point));
      } },
      { title: "Add group", run: () => {
        addGroup(app.scene.doc, [point.x, point.y, NEW_GROUP.w, NEW_GROUP.h]);
      } },
      line(app, "insert-subgraph"),
      line(app, "paste"),
    ],
    [line(app, "select-all"), line(app, "fit"), line(app, "arrange")],
    [line(app, "undo"), line(app, "redo")],
    [line(app, "templates"), line(app, "keys"), line(app, "settings")],
    app.visitors?.groundLines(at) ?? [],
  );
}

/** The menu of the selection by keyboard; of the ground where nothing is selected. */
export function selectionMenu(app: App): void {
  const { camera } = app.renderer;
  const box = app.scene.boxes.get(app.workspace.selected()[0] ?? "");
  const at = box ? camera.toScreen({ x: box.x + box.w / 4, y: box.y + HEADER }) : { x: camera.width / 2, y: camera.height / 2 };
  app.workspace.doors.menu(at, box ? { kind: "header", box } : null);
}
