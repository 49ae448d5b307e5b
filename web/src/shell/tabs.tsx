/** The open documents in the top bar. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { App } from "./app";
import { hint, keysHint } from "./hints";
import { Icon } from "./icons";
import { type TabView, ui } from "./ui";

const MIDDLE = 1;

export function Tabs({ app }: { app: App }): JSX.Element {
  const strip = useRef<HTMLDivElement>(null);
  const active = ui.tabs.value.find((tab) => tab.active)?.id;
  useLayoutEffect(() => {
    strip.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active, ui.tabs.value.length]);
  return (
    <>
      <div class="tabs" role="tablist" aria-label={t("Open workflows")} ref={strip} onWheel={(e) => strip.current?.scrollBy({ left: e.deltaY })}>
        {ui.tabs.value.map((tab, at) => (
          <Tab key={tab.id} app={app} tab={tab} at={at} />
        ))}
      </div>
      <button class="tool" title={hint(app, "new")} aria-label={t("New workflow")} onClick={() => app.commands.run("new")}>
        <Icon name="plus" size={16} />
      </button>
    </>
  );
}

function Tab({ app, tab, at }: { app: App; tab: TabView; at: number }): JSX.Element {
  const act = (what: (session: NonNullable<ReturnType<typeof app.papers.find>>) => void): void => {
    const session = app.papers.find(tab.id);
    if (session) what(session);
  };
  const close = (): void => {
    act((session) => {
      app.closePaper(session);
    });
  };
  const keys = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by !== 0) app.papers.step(by);
    else if (event.key === "Delete") close();
    else if (event.key === "F2") rename(app, tab.id);
    else return;
    event.preventDefault();
    event.stopPropagation();
    requestAnimationFrame(() => document.querySelector<HTMLElement>('.tab[aria-selected="true"]')?.focus());
  };
  const state = tab.alarm ? t("changed elsewhere") : tab.saved ? "" : t("not saved to a file yet; kept in this browser");
  return (
    <div
      class="tab"
      role="tab"
      tabIndex={tab.active ? 0 : -1}
      aria-selected={tab.active}
      title={state ? `${tab.name}: ${state}` : tab.name}
      draggable
      onClick={() => act((session) => session !== app.session && app.papers.activate(session))}
      onDblClick={() => rename(app, tab.id)}
      onAuxClick={(e) => e.button === MIDDLE && close()}
      onMouseDown={(e) => e.button === MIDDLE && e.preventDefault()}
      onKeyDown={keys}
      onDragStart={(e) => e.dataTransfer?.setData("text/x-loom-tab", tab.id)}
      onDragOver={(e) => e.dataTransfer?.types.includes("text/x-loom-tab") && e.preventDefault()}
      onDrop={(e) => {
        const dragged = app.papers.find(e.dataTransfer?.getData("text/x-loom-tab") ?? "");
        if (dragged) app.papers.move(dragged, at);
        e.preventDefault();
      }}
    >
      <span class="tab-name">{tab.name}</span>
      {!tab.saved && <span class={`unsaved ${tab.alarm ? "alarm" : ""}`} aria-hidden="true" />}
      <span
        class="tab-close"
        aria-hidden="true"
        title={`${t("Close")}  ${keysHint(app, "close-tab")}`.trim()}
        onClick={(e) => {
          e.stopPropagation();
          close();
        }}
      >
        <Icon name="close" size={13} />
      </span>
      {tab.progress !== null && <i class="tab-progress" style={{ transform: `scaleX(${String(tab.progress)})` }} />}
    </div>
  );
}

/** Give a document another name; a saved one keeps its file. */
function rename(app: App, id: string): void {
  const session = app.papers.find(id);
  const place = document.querySelector<HTMLElement>('.tab[aria-selected="true"] .tab-name');
  if (!session || !place || session.meta.path !== null) return;
  place.contentEditable = "plaintext-only";
  place.focus();
  getSelection()?.selectAllChildren(place);
  const end = (keep: boolean) => (): void => {
    place.onblur = place.onkeydown = null;
    place.contentEditable = "false";
    const name = place.textContent.trim();
    place.textContent = session.meta.name;
    if (keep && name !== "") app.remember({ name }, session);
    app.renderer.host.focus({ preventScroll: true });
  };
  place.onblur = end(true);
  place.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") end(event.key === "Enter")();
  };
}
