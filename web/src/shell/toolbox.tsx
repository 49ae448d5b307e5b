/**
 * The small bar over the selection.
 *
 * Invariant: it moves with the frames that are drawn anyway, by one style of one element; nothing of
 * it runs while the canvas rests.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { overlaps, type Rect } from "../canvas/camera";
import { readable } from "../input/keymap";
import type { App } from "./app";
import { Icon, type IconName } from "./icons";
import { alignLines, colorLines } from "./menus";
import { type MenuLine, ui } from "./ui";

const GAP = 10;

const TOOLS: readonly (readonly [id: string, icon: IconName])[] = [
  ["bypass", "bypass"],
  ["mute", "mute"],
  ["pin", "pin"],
  ["collapse", "collapse"],
  ["make-subgraph", "subgraph"],
  ["delete", "trash"],
];

export function Toolbox({ app }: { app: App }): JSX.Element | null {
  return ui.toolbox.value && !ui.canvasOnly.value ? <Bar key={ui.language.value} app={app} /> : null;
}

function Bar({ app }: { app: App }): JSX.Element {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = (): void => {
      if (bar.current) follow(app, bar.current);
    };
    app.renderer.watchers.add(place);
    place();
    return () => {
      app.renderer.watchers.delete(place);
    };
  }, [app]);
  return (
    <div ref={bar} class="toolbox" role="toolbar" aria-label={t("Selection")} hidden>
      <Choice app={app} icon="palette" title={t("Colour…")} lines={colorLines} />
      <Choice app={app} icon="align" title={t("Align…")} lines={alignLines} />
      {TOOLS.map(([id, icon]) => <Tool key={id} app={app} id={id} icon={icon} />)}
    </div>
  );
}

function Tool({ app, id, icon }: { app: App; id: string; icon: IconName }): JSX.Element {
  void ui.keys.value;
  const { title = id, keys } = app.commands.get(id) ?? {};
  const text = `${t(title)}${keys ? `  ${readable(keys)}` : ""}`;
  return (
    <button class="tool" aria-label={t(title)} title={text} onClick={() => app.commands.run(id)}>
      <Icon name={icon} />
    </button>
  );
}

function Choice({ app, icon, title, lines }: { app: App; icon: IconName; title: string; lines: (app: App) => MenuLine[] }): JSX.Element {
  const open = (event: MouseEvent): void => {
    const [button, stage] = [event.currentTarget as Element, app.renderer.host].map((element) => element.getBoundingClientRect());
    if (button && stage) ui.menu.value = { at: { x: button.left - stage.left, y: button.bottom - stage.top + 6 }, lines: lines(app) };
  };
  return (
    <button class="tool" aria-label={title} title={title} aria-haspopup="menu" onClick={open}>
      <Icon name={icon} />
    </button>
  );
}

/** Stand over the selection, or under it where there is no room above. */
function follow(app: App, bar: HTMLElement): void {
  const { camera } = app.renderer;
  const { selection } = app.scene;
  const rect = selection.size > 0 ? app.scene.bounds(selection) : null;
  bar.hidden = rect === null || !overlaps(rect, camera.view);
  if (rect === null || bar.hidden) return;
  const { offsetWidth: w, offsetHeight: h } = bar;
  const { x, y } = place(app, rect, w, h);
  bar.style.transform = `translate(${String(Math.round(x))}px, ${String(Math.round(y))}px)`;
}

function place(app: App, rect: Rect, w: number, h: number): { x: number; y: number } {
  const { camera } = app.renderer;
  const top = camera.toScreen(rect);
  const bottom = camera.toScreen({ x: rect.x, y: rect.y + rect.h });
  const middle = top.x + (rect.w * camera.scale) / 2;
  const x = Math.min(Math.max(GAP, middle - w / 2), camera.width - w - GAP);
  if (top.y > h + 2 * GAP) return { x, y: top.y - h - GAP };
  return { x, y: Math.max(GAP, Math.min(bottom.y + GAP, camera.height - h - GAP)) };
}
