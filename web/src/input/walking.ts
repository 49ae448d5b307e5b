/** Going from node to node, and into their fields, by keys. */
import { t } from "../i18n";
import { overlaps, type Rect, type Vec } from "../canvas/camera";
import { HEADER, type NodeBox } from "../canvas/layout";
import { editWidget } from "../widgets/edit";
import type { Command } from "./commands";
import type { Workspace } from "./workspace";

export const DIRECTIONS: Readonly<Record<string, Vec>> = {
  ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 },
};
/** How much farther something seems that lies aside of the direction. */
const ASIDE = 2.5;
const MARGIN = 24;

const middle = ({ x, y, w, h }: Rect): Vec => ({ x: x + w / 2, y: y + h / 2 });

/** The nearest box in a direction; of boxes in its way the one that lies least aside. */
export function nextBox<T extends Rect>(boxes: Iterable<T>, from: Rect, way: Vec): T | null {
  const a = middle(from);
  let best: T | null = null;
  let least = Infinity;
  for (const box of boxes) {
    const b = middle(box);
    const ahead = (b.x - a.x) * way.x + (b.y - a.y) * way.y;
    const aside = Math.abs((b.x - a.x) * way.y + (b.y - a.y) * way.x);
    const far = ahead + ASIDE * Math.max(0, aside - HEADER);
    if (ahead <= 1 || aside > 3 * ahead || far >= least) continue;
    least = far;
    best = box;
  }
  return best;
}

/** Select the next node in a direction; without a selection the one nearest to the middle of the view. */
export function walk(ws: Workspace, way: Vec): void {
  ws.scene.refresh();
  const { camera } = ws.renderer;
  const boxes = [...ws.scene.boxes.values()];
  const from = ws.scene.boxes.get(ws.selected().at(-1) ?? "");
  const next = from ? nextBox(boxes.filter((box) => box !== from), from, way) : nearest(boxes, middle(camera.view));
  if (!next) return;
  ws.select([next.key]);
  show(ws, next);
}

function nearest(boxes: readonly NodeBox[], to: Vec): NodeBox | null {
  const far = (box: NodeBox): number => Math.hypot(middle(box).x - to.x, middle(box).y - to.y);
  return boxes.reduce<NodeBox | null>((best, box) => (best && far(best) <= far(box) ? best : box), null);
}

/** Move the view only as far as it takes to see a node. */
function show(ws: Workspace, box: NodeBox): void {
  const { camera } = ws.renderer;
  const room = MARGIN / camera.scale;
  const { view } = camera;
  const push = (at: number, size: number, start: number, length: number): number =>
    at - room < start ? at - room - start : Math.max(0, Math.min(at + size + room - start - length, at - room - start));
  const [dx, dy] = [push(box.x, box.w, view.x, view.w), push(box.y, box.h, view.y, view.h)];
  if (dx === 0 && dy === 0 && overlaps(box, view)) return;
  camera.panBy(-dx * camera.scale, -dy * camera.scale);
  ws.renderer.moved();
}

export function walkCommands(ws: Workspace): Command[] {
  const go = (name: string, title: string): Command => ({
    id: `go-${name.slice(5).toLowerCase()}`, title, group: "View", keys: `Mod+${name}`, run: () => {
      walk(ws, DIRECTIONS[name] ?? { x: 1, y: 0 });
    },
  });
  return [
    go("ArrowLeft", "Go to the node on the left"),
    go("ArrowRight", "Go to the node on the right"),
    go("ArrowUp", "Go to the node above"),
    go("ArrowDown", "Go to the node below"),
    { id: "fields", title: "Edit a field…", group: "Edit", keys: "Enter", enabled: () => ws.scene.selection.size === 1, run: () => {
      offerFields(ws);
    } },
  ];
}

/** The fields of the selected node, to be edited one by one. */
function offerFields(ws: Workspace): void {
  const box = ws.scene.boxes.get(ws.selected()[0] ?? "");
  const rows = (box?.widgets ?? []).filter((row) => row.socket?.socket.link == null);
  if (!box || rows.length === 0) {
    ws.doors.say(t("This node has no field to edit."), "info");
    return;
  }
  const at = ws.renderer.camera.toScreen({ x: box.x + box.w / 4, y: box.y + HEADER });
  ws.doors.offer(at, box.title, rows.map((row) => ({ title: row.widget.name, run: () => {
    ws.edit((site) => editWidget(site, ws.scene, box, row));
  } })));
}
