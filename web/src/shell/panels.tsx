/** The docked panel at the side: queue, results, problems. It pushes the canvas, never covers it. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { isObject, type Json } from "../model/json";
import { asWorkflow } from "../model/workflow";
import type { App } from "./app";
import { showNode } from "./levels";
import { Icon } from "./icons";
import { Later, type Panel as Part } from "./later";
import { type Result, sentenceOf, toast, ui } from "./ui";

const queue = (): Promise<Part> => import("./queuepanel").then((file) => file.QueuePanel);

const TITLES = { queue: "Queue", results: "Results", problems: "Problems" } as const;

export function Panel({ app }: { app: App }): JSX.Element | null {
  const panel = ui.panel.value;
  if (!panel) return null;
  return (
    <aside class="panel" aria-label={TITLES[panel]}>
      <div class="panel-head">
        <h2>{TITLES[panel]}</h2>
        <button class="tool" aria-label="Close panel" title="Close panel" onClick={() => (ui.panel.value = null)}>
          <Icon name="close" size={16} />
        </button>
      </div>
      <div class="panel-body">
        {panel === "queue" && <Later load={queue} app={app} />}
        {panel === "results" && <Results app={app} />}
        {panel === "problems" && <Problems app={app} />}
      </div>
    </aside>
  );
}

function Results({ app }: { app: App }): JSX.Element {
  useEffect(() => void app.running.refreshResults(), []);
  const results = ui.results.value;
  if (results.length === 0) return <p class="empty">Pictures appear here when a run has saved some.</p>;
  return (
    <div class="sheet">
      {results.map((result) => (
        <ResultCard key={result.job} app={app} result={result} />
      ))}
    </div>
  );
}

function ResultCard({ app, result }: { app: App; result: Result }): JSX.Element {
  const urls = result.pictures.map((picture) => picture.url);
  const restore = (): void => {
    try {
      const raw = structuredClone(result.workflow) as Json;
      app.openWorkflow(asWorkflow(raw), "From a result");
    } catch (error) {
      toast(sentenceOf(error), "error");
    }
  };
  return (
    <figure class="result">
      {result.pictures.map((picture, i) => (
        <button
          key={picture.url}
          class="picture"
          title={picture.name}
          aria-label={`Show ${picture.name}`}
          onClick={() => (ui.viewer.value = { urls, at: i })}
        >
          <img src={picture.thumb} alt={picture.name} loading="lazy" decoding="async" />
        </button>
      ))}
      <figcaption>
        <span class="file-name">{result.pictures[0]?.name}</span>
        {isObject(result.workflow as Json) && (
          <button class="text-button" onClick={restore} title="Open the workflow that made this">
            Workflow
          </button>
        )}
      </figcaption>
    </figure>
  );
}

function Problems({ app }: { app: App }): JSX.Element {
  const problems = ui.problems.value;
  if (problems.length === 0) return <p class="empty">No problems.</p>;
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
