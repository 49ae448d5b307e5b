/** The one bar at the top: document on the left, doors in the middle, the run on the right. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { hint, keysHint } from "./hints";
import { Icon, type IconName, Logo } from "./icons";
import { Tabs } from "./tabs";
import { ui } from "./ui";

export function TopBar({ app }: { app: App }): JSX.Element {
  return (
    <header class="topbar">
      <div class="bar-part">
        <span class="brand" title="Latent Loom">
          <Logo />
        </span>
        <Tabs app={app} />
        <span class="wide-only bar-part">
          <Tool app={app} id="save" icon="save" />
          <Tool app={app} id="undo" icon="undo" disabled={!ui.canUndo.value} />
          <Tool app={app} id="redo" icon="redo" disabled={!ui.canRedo.value} />
        </span>
      </div>
      <button class="palette-button" onClick={() => app.commands.run("palette")} title={t("All commands")} aria-label={`${t("Commands")} ${keysHint(app, "palette")}`.trim()}>
        <Icon name="search" size={15} />
        <span class="wide-only">{t("Commands")}</span>
        {" "}
        <kbd class="wide-only">{keysHint(app, "palette")}</kbd>
      </button>
      <div class="bar-part">
        {!ui.connected.value && <span class="offline" role="status">{t("Reconnecting")}</span>}
        <span class="wide-only bar-part">
          <Zoom app={app} />
          <Tool app={app} id="theme" icon={ui.theme.value.name === "light" ? "moon" : "sun"} />
          <i class="divider" />
        </span>
        <span class="wide-only">
          <PanelTool app={app} id="library" icon="book" count={0} />
        </span>
        <PanelTool app={app} id="problems" icon="alert" count={ui.problems.value.length} alarm />
        <PanelTool app={app} id="results" icon="image" count={0} />
        <PanelTool app={app} id="queue" icon="queue" count={ui.queueCount.value} />
        {ui.me.value && (
          <button class="tool me wide-only" title={t("Signed in as {name}", { name: ui.me.value.name })} aria-label={t("Signed in as {name}", { name: ui.me.value.name })} onClick={() => app.commands.run("account")}>
            <span>{ui.me.value.name.charAt(0).toUpperCase()}</span>
          </button>
        )}
        <RunButton app={app} />
      </div>
    </header>
  );
}

function Tool({ app, id, icon, disabled }: { app: App; id: string; icon: IconName; disabled?: boolean }): JSX.Element {
  return (
    <button class="tool" title={hint(app, id)} aria-label={hint(app, id)} disabled={disabled} onClick={() => app.commands.run(id)}>
      <Icon name={icon} />
    </button>
  );
}

interface PanelToolProps {
  app: App;
  id: "library" | "problems" | "results" | "queue";
  icon: IconName;
  count: number;
  alarm?: boolean;
}

function PanelTool({ app, id, icon, count, alarm }: PanelToolProps): JSX.Element {
  return (
    <button
      class={`tool panel-tool ${alarm && count > 0 ? "alarm" : ""}`}
      title={hint(app, id)}
      aria-label={`${hint(app, id)}${count > 0 ? `, ${String(count)}` : ""}`}
      aria-pressed={ui.panel.value === id}
      onClick={() => app.commands.run(id)}
    >
      <Icon name={icon} />
      {count > 0 && <span class="count">{count}</span>}
    </button>
  );
}

function Zoom({ app }: { app: App }): JSX.Element {
  return (
    <button class="zoom" title={hint(app, "fit")} aria-label={`${t("Zoom")} ${String(Math.round(ui.zoom.value * 100))} %`} onClick={() => app.commands.run("fit")}>
      {Math.round(ui.zoom.value * 100)} %
    </button>
  );
}

function RunButton({ app }: { app: App }): JSX.Element {
  const running = ui.running.value;
  return (
    <span class="run-group">
      {running && (
        <button class="stop" title={hint(app, "interrupt")} aria-label={t("Stop")} onClick={() => app.commands.run("interrupt")}>
          <Icon name="stop" size={16} />
        </button>
      )}
      <button class="run" title={hint(app, "run")} aria-label={t("Run")} aria-description={running ? "" : ui.estimate.value} onClick={() => app.commands.run("run")}>
        <Icon name="play" size={16} />
        <span>{t("Run")}</span>
        {ui.estimate.value !== "" && !running && <span class="estimate wide-only">{ui.estimate.value}</span>}
        {running && <i class="run-progress" style={{ transform: `scaleX(${String(ui.progress.value)})` }} />}
      </button>
    </span>
  );
}
