/** The docked panel at the side: queue, results, problems, library, help. It pushes the canvas, never covers it. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { App } from "./app";
import { showNode } from "./levels";
import { Icon } from "./icons";
import { Later, type Panel as Part } from "./later";
import { SheetGrip } from "./sheet";
import { type PluginPanel, ui } from "./ui";

const gallery = (): Promise<Part> => import("./gallery").then((file) => file.Gallery);
const queue = (): Promise<Part> => import("./queuepanel").then((file) => file.QueuePanel);

const library = (): Promise<Part> => import("./nodelibrary").then((file) => file.Library);
const help = (): Promise<Part> => import("./help").then((file) => file.Help);

const changes = (): Promise<Part> => import("./changes").then((file) => file.Changes);

const outline = (): Promise<Part> => import("./outline").then((file) => file.Outline);

const log = (): Promise<Part> => import("./logpanel").then((file) => file.LogPanel);

const TITLES = { queue: "Queue", results: "Results", problems: "Problems", library: "Library", help: "Help", outline: "Outline", changes: "Changes", log: "Log" } as const;

export function Panel({ app }: { app: App }): JSX.Element | null {
  const panel = ui.panel.value;
  const added = panel && ui.pluginPanels.value.get(panel);
  const title = added ? added.title : panel && panel in TITLES ? t(TITLES[panel as keyof typeof TITLES]) : null;
  if (title === null) return null;
  return (
    <aside class={`panel ${added ? "plugin" : panel ?? ""}`} aria-label={title}>
      <SheetGrip />
      <div class="panel-head">
        <h2>{title}</h2>
        <button class="tool" aria-label={t("Close panel")} title={t("Close panel")} onClick={() => (ui.panel.value = null)}>
          <Icon name="close" size={16} />
        </button>
      </div>
      <div class="panel-body">
        {panel === "queue" && <Later load={queue} app={app} />}
        {panel === "results" && <Later load={gallery} app={app} />}
        {panel === "library" && <Later load={library} app={app} />}
        {panel === "help" && <Later load={help} app={app} />}
        {panel === "outline" && <Later load={outline} app={app} />}
        {panel === "log" && <Later load={log} app={app} />}
        {panel === "changes" && <Later load={changes} app={app} />}
        {panel === "problems" && <Problems app={app} />}
        {added && <Added key={panel} panel={added} />}
      </div>
    </aside>
  );
}

/** A panel of a plugin, which fills the element itself. */
function Added({ panel }: { panel: PluginPanel }): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => (element.current ? panel.render(element.current) : undefined), [panel]);
  return <div class="plugin-panel" ref={element} />;
}

function Problems({ app }: { app: App }): JSX.Element {
  const problems = ui.problems.value;
  if (problems.length === 0) return <p class="empty">{t("No problems.")}</p>;
  const jump = (node: string): void => {
    showNode(app, node);
  };
  return (
    <>
      {problems.map((problem, i) => (
        <button class="problem" key={i} onClick={() => jump(problem.node)}>
          <span class="problem-node">
            {problem.title} <span class="job-id">#{problem.node}</span>
          </span>
          <span class="problem-text">{problem.text}</span>
        </button>
      ))}
    </>
  );
}
