/** The docked panel at the side: queue, results, problems, library, help. It pushes the canvas, never covers it. */
import type { JSX } from "preact";
import { t } from "../i18n";
import type { App } from "./app";
import { showNode } from "./levels";
import { Icon } from "./icons";
import { Later, type Panel as Part } from "./later";
import { SheetGrip } from "./sheet";
import { ui } from "./ui";

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
  if (!panel) return null;
  return (
    <aside class={`panel ${panel}`} aria-label={t(TITLES[panel])}>
      <SheetGrip />
      <div class="panel-head">
        <h2>{t(TITLES[panel])}</h2>
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
      </div>
    </aside>
  );
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
