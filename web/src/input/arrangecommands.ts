/** Commands about place and looks: groups, alignment, colours, wires. */
import { t } from "../i18n";
import { GROUP_HEADER, groupRect } from "../canvas/backdrop";
import { around } from "../canvas/camera";
import { HEADER, type NodeBox } from "../canvas/layout";
import { moveNodes } from "../model/actions";
import { align, distribute, type Edge } from "../model/alignment";
import { isBoundary } from "../model/boundary";
import { addGroup, setGroup } from "../model/groups";
import { arrange } from "../model/layout";
import { flagsOf, type Key, keyOf, type RawGroup } from "../model/workflow";
import type { Command } from "./commands";
import type { Workspace } from "./workspace";

const PADDING = 16;
const STYLES = ["spline", "linear", "straight"] as const;

/** Colours of nodes, as pairs of header and body that shared files use too. */
export const NODE_COLORS: Record<string, readonly [string, string]> = {
  red: ["#322", "#533"],
  brown: ["#332922", "#593930"],
  green: ["#232", "#353"],
  blue: ["#223", "#335"],
  cyan: ["#233", "#355"],
  purple: ["#323", "#535"],
  yellow: ["#432", "#653"],
};

export function arrangeCommands(ws: Workspace): Command[] {
  const boxes = (): NodeBox[] => ws.selected().flatMap((key) => ws.scene.boxes.get(key) ?? []);
  const several = (): boolean => ws.scene.selection.size > 1;
  const some = (): boolean => ws.scene.selection.size > 0;
  const put = (to: ReadonlyMap<Key, { x: number; y: number }>): void => {
    const lift = (key: Key): number => ws.scene.boxes.get(key)?.lift ?? HEADER;
    moveNodes(ws.doc, new Map([...to].map(([key, { x, y }]) => [key, { x: Math.round(x), y: Math.round(y + lift(key)) }])), null);
  };
  const edge = (id: Edge, title: string): Command => ({
    id: `align-${id}`, title, group: "Edit", enabled: several, run: () => {
      put(align(boxes(), id));
    },
  });
  return [
    { id: "group", title: "Group the selection", group: "Edit", keys: "Mod+G", enabled: some, run: () => {
      const frame = frameAround(boxes());
      if (frame) addGroup(ws.doc, frame);
    } },
    { id: "pin", title: "Pin in place, or free", group: "Edit", enabled: some, run: () => {
      togglePin(ws);
    } },
    edge("left", "Align left edges"),
    edge("right", "Align right edges"),
    edge("top", "Align top edges"),
    edge("bottom", "Align bottom edges"),
    edge("column", "Align in a column"),
    edge("row", "Align in a row"),
    { id: "distribute-x", title: "Distribute across", group: "Edit", enabled: several, run: () => {
      put(distribute(boxes(), "x"));
    } },
    { id: "distribute-y", title: "Distribute down", group: "Edit", enabled: several, run: () => {
      put(distribute(boxes(), "y"));
    } },
    { id: "arrange", title: "Arrange everything", group: "Edit", run: () => {
      put(arrange(ws.doc, (key) => ws.scene.boxes.get(key) ?? { w: 200, h: 100 }));
      ws.frame();
    } },
    { id: "snap", title: "Snap to the grid, on or off", group: "View", run: () => {
      ws.doors.keep("loom.snap", ws.snapping ? "off" : "on");
      ws.doors.say(ws.snapping ? t("Nodes snap to the grid.") : t("Nodes move freely."), "info");
    } },
    { id: "link-style", title: "Next style of wires", group: "View", run: () => {
      const next = STYLES[(STYLES.indexOf(ws.scene.linkStyle) + 1) % STYLES.length] ?? "spline";
      ws.doors.keep("loom.wires", next);
    } },
  ];
}

/** The frame of a group around boxes, with room for its title. */
export function frameAround(boxes: readonly NodeBox[]): [number, number, number, number] | null {
  const rect = around(boxes);
  if (!rect) return null;
  return [rect.x - PADDING, rect.y - PADDING - GROUP_HEADER, rect.w + 2 * PADDING, rect.h + 2 * PADDING + GROUP_HEADER];
}

/** Nodes whose middle lies in a group. */
export function nodesIn(ws: Workspace, group: RawGroup): NodeBox[] {
  const rect = groupRect(group);
  return ws.scene.visible(rect).filter((box) => {
    const x = box.x + box.w / 2;
    const y = box.y + box.h / 2;
    return x > rect.x && x < rect.x + rect.w && y > rect.y && y < rect.y + rect.h;
  });
}

export function fitGroup(ws: Workspace, group: RawGroup, index: number): void {
  const frame = frameAround(nodesIn(ws, group));
  if (frame) setGroup(ws.doc, index, "Fit group", { bounding: frame });
}

/** Pinned nodes stay where they are; a second time frees them. */
function togglePin(ws: Workspace): void {
  const nodes = ws.selected().flatMap((key) => (isBoundary(key) ? [] : (ws.doc.node(key) ?? [])));
  const pinned = nodes.every((node) => flagsOf(node)["pinned"] === true);
  ws.doc.edit(pinned ? "Unpin" : "Pin", (edit) => {
    for (const node of nodes) {
      edit.set([...ws.doc.nodePath(keyOf(node.id)), "flags"], { ...flagsOf(node), pinned: pinned ? undefined : true });
    }
  });
}

/** Colour the selected nodes; null gives them their type's colour back. */
export function colorNodes(ws: Workspace, colors: readonly [string, string] | null): void {
  ws.doc.edit("Colour", (edit) => {
    for (const key of ws.selected().filter((k) => !isBoundary(k))) {
      edit.set([...ws.doc.nodePath(key), "color"], colors?.[0]);
      edit.set([...ws.doc.nodePath(key), "bgcolor"], colors?.[1]);
    }
  });
}
