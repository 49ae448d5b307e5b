/** What the resting pointer shows: a cursor, a lit wire, a short explanation. */
import { t } from "../i18n";
import type { Hit } from "../canvas/hit";
import { hitTest } from "../canvas/hit";
import { socketAt } from "../canvas/scene";
import { BADGE, prospectShown } from "../canvas/forecast";
import { HEADER, type NodeBox } from "../canvas/layout";
import { explainProspect } from "../model/outlook";
import { typeColor } from "../canvas/theme";
import { typeName } from "../model/types";
import { keyOf } from "../model/workflow";
import { drawTip } from "./tip";
import type { Workspace } from "./workspace";

const CURSORS: Partial<Record<Hit["kind"], string>> = {
  socket: "crosshair",
  resize: "nwse-resize",
  wire: "pointer",
  header: "grab",
  group: "grab",
};

/** Look at what lies under the pointer; redraws only if that changed something. */
export function hover(ws: Workspace): string {
  const { scene, renderer } = ws;
  const hit = hitTest(scene, renderer.camera.toWorld(ws.pointer), renderer.camera.scale);
  const wire = hit?.kind === "wire" ? keyOf(hit.wire.link.id) : null;
  if (wire !== scene.hoverWire) {
    scene.hoverWire = wire;
    renderer.ask("world");
  }
  const part = explain(ws, hit);
  if (part || renderer.hover) {
    renderer.hover = part;
    renderer.ask("overlay");
  }
  return cursorOf(hit);
}

function cursorOf(hit: Hit | null): string {
  if (hit?.kind !== "widget") return (hit && CURSORS[hit.kind]) ?? "default";
  if (hit.side) return "pointer";
  if (hit.row.widget.kind === "number") return "ew-resize";
  if (hit.row.widget.kind === "curve" || hit.row.widget.kind === "boxes") return "crosshair";
  return hit.row.widget.kind === "multiline" || hit.row.widget.kind === "text" ? "text" : "pointer";
}

function explain(ws: Workspace, hit: Hit | null): Workspace["renderer"]["hover"] {
  const at = ws.renderer.camera.toWorld(ws.pointer);
  if (hit?.kind === "socket") {
    const { box, socket } = hit;
    const text = `${socket.socket.label || t("value")} · ${typeName(socket.socket.type)}${socket.socket.optional ? ` · ${t("optional")}` : ""}`;
    return (env) => {
      const { x, y } = socketAt(box, socket);
      env.ctx.beginPath();
      env.ctx.arc(x, y, 8.5, 0, 7);
      env.ctx.lineWidth = 1.5;
      env.ctx.strokeStyle = typeColor(env.theme, socket.socket.type);
      env.ctx.stroke();
      drawTip(env, at, text);
    };
  }
  const text = hit && "box" in hit ? (errorText(ws, hit) ?? prospectText(ws, hit)) : null;
  return text === null ? null : (env) => {
    drawTip(env, at, text);
  };
}

/** Errors of a node at its badge, of an input at its field. */
function errorText(ws: Workspace, hit: Extract<Hit, { box: NodeBox }>): string | null {
  const { errors } = ws.scene.mark(hit.box.key);
  if (errors.length === 0) return null;
  const mine = hit.kind === "widget" ? errors.filter((e) => e.input === hit.row.widget.name) : errors;
  const local = ws.renderer.camera.toWorld(ws.pointer).y - hit.box.y;
  const shown = hit.kind === "widget" || local < HEADER ? mine : [];
  return shown.length > 0 ? shown.map((e) => e.text).join("\n") : null;
}

/** What the badge at the right of a header says of the next run. */
function prospectText(ws: Workspace, { box }: Extract<Hit, { box: NodeBox }>): string | null {
  const { scene, renderer } = ws;
  const at = renderer.camera.toWorld(ws.pointer);
  if (at.y - box.y > HEADER || at.x < box.x + box.w - BADGE) return null;
  const prospect = prospectShown(scene.forecast, scene.path + box.key, scene.mark(box.key));
  return prospect && explainProspect(prospect);
}
