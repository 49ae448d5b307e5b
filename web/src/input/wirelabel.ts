/** Typing the label of a wire, at its middle. */
import { t } from "../i18n";
import { pointAt } from "../canvas/curves";
import type { Wire } from "../canvas/scene";
import { presentWire } from "../model/presentation";
import { openField } from "../widgets/editor";
import type { Workspace } from "./workspace";

const WIDTH = 160;
const HEIGHT = 24;

export function labelWire(ws: Workspace, wire: Wire): void {
  const path = wire.curves[Math.floor((wire.curves.length - 1) / 2)];
  if (!path) return;
  const { x, y } = pointAt(path, 0.5);
  ws.edit((site) => openField(site, {
    rect: () => ({ x: x - WIDTH / 2, y: y - HEIGHT / 2, w: WIDTH, h: HEIGHT }),
    value: wire.label,
    kind: "title",
    label: t("Label of the wire"),
    apply: () => undefined,
    finish: (text) => {
      presentWire(ws.doc, wire.key, { label: text.trim() });
    },
  }));
}
