/** The map in the corner of the canvas, while it is wanted. */
import { t } from "../i18n";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Minimap } from "../canvas/minimap";
import type { App } from "./app";
import { ui } from "./ui";

const KEY = "loom.map";

export function toggleMap(): void {
  ui.map.value = !ui.map.value;
  localStorage.setItem(KEY, ui.map.value ? "on" : "off");
}

/** What was chosen before in this browser. */
export const wantedMap = (): boolean => localStorage.getItem(KEY) === "on";

export function Map({ app }: { app: App }): JSX.Element | null {
  return ui.map.value ? <Shown app={app} /> : null;
}

function Shown({ app }: { app: App }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useRef<Minimap | null>(null);
  useEffect(() => {
    if (!canvas.current) return undefined;
    map.current = new Minimap(canvas.current, app.scene, app.renderer);
    return map.current.start();
  }, [app]);
  const go = (event: PointerEvent): void => {
    if (event.buttons === 1) map.current?.go({ x: event.offsetX, y: event.offsetY });
  };
  return (
    <canvas
      class="minimap"
      ref={canvas}
      role="img"
      aria-label={t("Map of the workflow")}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    />
  );
}
