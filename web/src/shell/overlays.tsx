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
  useLayoutEffect(() => {
    const box = list.current;
    if (!box || !menu) return;
    // Only now it is known how large the words are.
    const { camera } = app.renderer;
    box.style.left = `${String(Math.max(6, Math.min(menu.at.x, camera.width - box.offsetWidth - 8)))}px`;
    box.style.top = `${String(Math.max(6, Math.min(menu.at.y, camera.height - box.offsetHeight - 8)))}px`;
    box.querySelector<HTMLElement>("button:not(:disabled)")?.focus({ preventScroll: true });
  }, [menu]);
  if (!menu) return null;
  const close = (): void => {
    ui.menu.value = null;
    app.renderer.host.focus({ preventScroll: true });
  };
  return (
    <div class="scrim clear" onPointerDown={(e) => e.target === e.currentTarget && close()} onContextMenu={(e) => e.preventDefault()}>
      <div ref={list} class="menu" role="menu" onKeyDown={(e) => step(e, list.current)}>
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
