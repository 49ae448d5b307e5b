/** The context menu: what can be done with what lies under the pointer. */
import type { Vec } from "../canvas/camera";
import type { Hit } from "../canvas/hit";
import { borderSlot, dropBorderSlot, editSlotLabel, promote } from "../input/subgraphcommands";
import { disconnect } from "../model/actions";
import { isCollapsed, keyOf, Mode, modeOf } from "../model/workflow";
import type { App } from "./app";
import { type MenuLine, ui } from "./ui";

export function contextMenu(app: App, at: Vec, hit: Hit | null): (MenuLine | null)[] {
  if (hit?.kind === "wire") return wireMenu(app, hit);
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

function wireMenu(app: App, hit: Extract<Hit, { kind: "wire" }>): MenuLine[] {
  return [
    {
      title: "Remove wire",
      run: () => {
        disconnect(app.scene.doc, keyOf(hit.wire.link.id));
      },
    },
  ];
}

function nodeMenu(app: App, hit: Exclude<Hit, { kind: "wire" | "group" }>): (MenuLine | null)[] {
  const { node } = hit.box;
  const urls = app.scene.pictureUrls(hit.box);
  const picture: (MenuLine | null)[] = urls.length > 0 ? [
    { title: "Show picture", run: () => {
      ui.viewer.value = { urls, at: 0 };
    } },
    null,
  ] : [];
  return [
    ...picture,
    line(app, "rename"),
    line(app, "collapse", isCollapsed(node) ? "Expand" : "Collapse"),
    line(app, "bypass", modeOf(node) === Mode.Bypass ? "Stop bypassing" : "Bypass"),
    line(app, "mute", modeOf(node) === Mode.Mute ? "Unmute" : "Mute"),
    null,
    line(app, "copy"),
    line(app, "duplicate"),
    null,
    line(app, "dissolve"),
    line(app, "delete"),
    null,
    ...subgraphLines(app, hit),
  ];
}

function subgraphLines(app: App, hit: Exclude<Hit, { kind: "wire" | "group" }>): MenuLine[] {
  const lines = [line(app, "make-subgraph")];
  if (app.scene.isInstance(hit.box)) lines.unshift(line(app, "enter-subgraph"), line(app, "unpack-subgraph"));
  const row = hit.kind === "widget" ? hit.row : null;
  if (row?.socket && row.socket.socket.link === null && app.scene.path !== "") {
    lines.push({ title: `Show ${row.widget.name} on the subgraph's node`, run: () => {
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
    {
      title: "Add node…",
      keys: "Tab",
      run: () => {
        app.workspace.doors.search(at, null, (spec) => app.workspace.add(spec, app.renderer.camera.toWorld(at)));
      },
    },
    line(app, "paste"),
    line(app, "select-all"),
    null,
    line(app, "fit"),
    line(app, "undo"),
    line(app, "redo"),
  ];
}
