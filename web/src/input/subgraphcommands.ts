/** Commands that make, open and take apart subgraphs. */
import { t } from "../i18n";
import { HEADER, type SocketBox } from "../canvas/layout";
import { socketAt } from "../canvas/scene";
import { INPUTS, isBoundary, NEW_SLOT, slotsOf } from "../model/boundary";
import { renameSlot, type Side } from "../model/borderslots";
import { createSubgraph, promoteWidget, removeSlot, unpackSubgraph } from "../model/subgraphs";
import type { Key } from "../model/workflow";
import { openField } from "../widgets/editor";
import type { Command } from "./commands";
import type { Workspace } from "./workspace";

export function subgraphCommands(ws: Workspace): Command[] {
  const chosen = (): Key[] => ws.selected().filter((key) => !isBoundary(key));
  const instance = (): Key | null => {
    const [key, ...more] = chosen();
    const box = key === undefined ? undefined : ws.scene.boxes.get(key);
    return box && more.length === 0 && ws.scene.isInstance(box) ? box.key : null;
  };
  return [
    { id: "make-subgraph", title: "Make a subgraph", group: "Edit", keys: "Mod+Shift+G", enabled: () => chosen().length > 0, run: () => {
      const key = createSubgraph(ws.doc, ws.scene.specs, chosen());
      if (key !== null) ws.select([key]);
    } },
    { id: "enter-subgraph", title: "Open the subgraph", group: "View", keys: "Alt+Enter", enabled: () => instance() !== null, run: () => {
      const key = instance();
      if (key !== null) ws.doors.enter(key);
    } },
    { id: "unpack-subgraph", title: "Unpack the subgraph", group: "Edit", enabled: () => instance() !== null, run: () => {
      ws.select(unpackSubgraph(ws.doc, ws.scene.specs, instance() ?? ""));
    } },
  ];
}

/** Show an inner widget on the subgraph's node. */
export function promote(ws: Workspace, key: Key, widget: string): void {
  promoteWidget(ws.doc, ws.scene.specs, key, widget);
}

/** The side and number of a slot of the border; null for the free slot and for other sockets. */
export function borderSlot(ws: Workspace, key: Key, socket: SocketBox): { side: Side; slot: number } | null {
  if (!isBoundary(key) || socket.socket.name === NEW_SLOT) return null;
  const side = key === INPUTS ? "inputs" : "outputs";
  const slot = slotsOf(ws.doc.raw, side).findIndex((s) => s["name"] === socket.socket.name);
  return slot < 0 ? null : { side, slot };
}

export function dropBorderSlot(ws: Workspace, side: Side, slot: number): void {
  removeSlot(ws.doc, side, slot);
}

/** Type another label for a slot of the border. */
export function editSlotLabel(ws: Workspace, key: Key, socket: SocketBox, side: Side, slot: number): void {
  const box = ws.scene.boxes.get(key);
  if (!box) return;
  const at = socketAt(box, socket);
  ws.edit((site) => openField(site, {
    rect: () => ({ x: box.x + 6, y: at.y - HEADER / 2 + 2, w: box.w - 12, h: HEADER - 4 }),
    value: socket.socket.label,
    kind: "title",
    label: t("Name of the slot"),
    apply: () => undefined,
    finish: (text) => {
      renameSlot(ws.doc, side, slot, text.trim());
    },
  }));
}
