/** What comes and goes: context menu and toasts. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { readable } from "../input/keymap";
import type { App } from "./app";
import { Icon } from "./icons";
import { dropToast, ui } from "./ui";

export function Menu({ app }: { app: App }): JSX.Element | null {
  const menu = ui.menu.value;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => list.current?.querySelector<HTMLElement>("button:not(:disabled)")?.focus(), [menu]);
  if (!menu) return null;
  const { camera } = app.renderer;
  const x = Math.max(6, Math.min(menu.at.x, camera.width - 260));
  const y = Math.max(6, Math.min(menu.at.y, camera.height - menu.lines.length * 29 - 16));
  const close = (): void => {
    ui.menu.value = null;
    app.renderer.host.focus({ preventScroll: true });
  };
  return (
    <div class="scrim clear" onPointerDown={(e) => e.target === e.currentTarget && close()} onContextMenu={(e) => e.preventDefault()}>
      <div ref={list} class="menu" role="menu" style={{ left: `${String(x)}px`, top: `${String(y)}px` }} onKeyDown={(e) => step(e, list.current)}>
        {menu.lines.map((line, i) =>
          line ? (
            <button
              key={i}
              role="menuitem"
              disabled={line.enabled === false}
              onClick={() => {
                close();
                line.run();
              }}
            >
              <span>{line.swatch && <i class="type-dot" style={{ background: line.swatch }} />}{t(line.title)}</span>
              {line.keys && <kbd>{readable(line.keys)}</kbd>}
            </button>
          ) : (
            <hr key={i} />
          ),
        )}
      </div>
    </div>
  );
}

function step(event: KeyboardEvent, list: HTMLElement | null): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (by === 0 || !list) return;
  const lines = [...list.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const at = lines.findIndex((line) => line === document.activeElement);
  lines[(at + by + lines.length) % lines.length]?.focus();
  event.preventDefault();
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {ui.toasts.value.map((toast) => (
        <div class={`toast ${toast.kind}`} key={toast.id}>
          <span>{toast.text}</span>
          {toast.action && (
            <button
              class="text-button"
              onClick={() => {
                dropToast(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button class="tool" aria-label={t("Dismiss")} onClick={() => dropToast(toast.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
