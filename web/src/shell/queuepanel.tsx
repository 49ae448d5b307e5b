/** The queue: what runs, what waits, what failed lately. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { type Job, JobList, numberAt } from "../net/jobs";
import type { App } from "./app";
import { Icon } from "./icons";
import { sentenceOf, toast, ui } from "./ui";

const FAILED = 5;
const SECOND = 1000;
const DRAGGED = "text/x-loom-job";

interface View {
  jobs: Job[];
  failed: Job[];
  paused: boolean;
}

const view = signal<View | null>(null);

/** Ask the server again; the panel is drawn from its answer only. */
async function refresh(app: App): Promise<void> {
  const list = new JobList(app.client);
  try {
    const [jobs, failed, paused] = await Promise.all([list.queue(), list.failed(FAILED), list.paused()]);
    view.value = { jobs, failed, paused };
  } catch {
    // The bar at the top already says that the server is away.
  }
}

type Act = (what: (list: JobList) => Promise<unknown>) => void;

export function QueuePanel({ app }: { app: App }): JSX.Element | null {
  const { value: count } = ui.queueCount;
  useEffect(() => void refresh(app), [count]);
  const act: Act = (what) => {
    what(new JobList(app.client))
      .catch((error: unknown) => {
        toast(sentenceOf(error), "error");
      })
      .then(() => refresh(app), () => undefined);
  };
  const shown = view.value;
  if (!shown) return null;
  const running = shown.jobs.filter((job) => job.status === "in_progress");
  const waiting = shown.jobs.filter((job) => job.status === "pending");
  return (
    <>
      <Head paused={shown.paused} act={act} />
      {shown.jobs.length === 0 && <p class="empty">{t("Nothing waits. Run starts a job.")}</p>}
      {running.map((job) => (
        <Running key={job.id} app={app} job={job} act={act} />
      ))}
      <Waiting app={app} jobs={waiting} act={act} />
      {shown.jobs.length > 1 && (
        <button class="text-button all" onClick={() => act((list) => list.cancel(shown.jobs.map((job) => job.id)))}>
          {t("Cancel all {n}", { n: shown.jobs.length })}
        </button>
      )}
      {shown.failed.length > 0 && <h3 class="panel-title">{t("Failed lately")}</h3>}
      {shown.failed.map((job) => (
        <Failed key={job.id} app={app} job={job} act={act} />
      ))}
    </>
  );
}

function Head({ paused, act }: { paused: boolean; act: Act }): JSX.Element {
  const set = (event: Event): void => {
    const typed = Number((event.currentTarget as HTMLInputElement).value);
    ui.runCount.value = Math.max(1, Math.min(100, Math.round(typed) || 1));
  };
  return (
    <div class="queue-head">
      <label class="run-count" title={t("How many jobs one press of Run queues")}>
        {t("Runs")}
        <input type="number" min={1} max={100} value={ui.runCount.value} onInput={set} />
      </label>
      <button class="text-button" aria-pressed={paused} onClick={() => act((list) => list.pause(!paused))}>
        {paused ? t("Resume") : t("Pause")}
      </button>
      {paused && <span class="paused" role="status">{t("Paused: nothing new starts")}</span>}
    </div>
  );
}

function nameOf(app: App, job: Job): string {
  return app.running.ownerOf(job.id)?.meta.name ?? job.paper?.name ?? t("Job {id}", { id: job.id.slice(0, 8) });
}

/** A name with a word for jobs that another page or program queued. */
function Name({ app, job }: { app: App; job: Job }): JSX.Element {
  const own = app.running.ownerOf(job.id);
  return (
    <button class="job-name" disabled={!own} title={own ? t("Show this workflow") : undefined} onClick={() => own && app.papers.activate(own)}>
      {nameOf(app, job)}
      {!own && job.client !== app.tab && <small class="foreign">{t("from elsewhere")}</small>}
    </button>
  );
}

function Running({ app, job, act }: { app: App; job: Job; act: Act }): JSX.Element {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), SECOND);
    return () => {
      clearInterval(timer);
    };
  }, []);
  // Read, so that the line follows the run.
  const { value: tabs } = ui.tabs;
  const share = tabs.find((tab) => tab.id === app.running.ownerOf(job.id)?.id)?.progress ?? null;
  const node = app.running.nodeTitle(job.id);
  return (
    <div class="job running">
      <div class="job-text">
        <Name app={app} job={job} />
        <small>
          {node ?? t("Running")}
          {share !== null && ` · ${String(Math.round(share * 100))} %`}
          {job.started !== null && ` · ${elapsed(now.value - job.started)}`}
        </small>
      </div>
      <button class="text-button" onClick={() => act((list) => list.cancel([job.id]))} aria-label={t("Stop {name}", { name: nameOf(app, job) })}>
        {t("Stop")}
      </button>
      {share !== null && <i class="job-progress" style={{ transform: `scaleX(${String(share)})` }} />}
    </div>
  );
}

/** Minutes and seconds. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND));
  return seconds < 60 ? `${String(seconds)} s` : `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")} min`;
}

function Waiting({ app, jobs, act }: { app: App; jobs: Job[]; act: Act }): JSX.Element {
  const move = (job: Job, to: number): void => {
    if (to < 0 || to >= jobs.length) return;
    act((list) => list.move(job.id, numberAt(jobs, job, to)));
  };
  const keys = (event: KeyboardEvent, job: Job, at: number): void => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (event.altKey && by !== 0) move(job, at + by);
    else if (event.key === "Delete") act((list) => list.cancel([job.id]));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ol class="waiting" aria-label={t("Waiting")}>
      {jobs.map((job, at) => (
        <li
          key={job.id}
          class="job"
          tabIndex={0}
          draggable
          title={t("Drag, or Alt ↑ and Alt ↓, to run it earlier or later")}
          onKeyDown={(event) => keys(event, job, at)}
          onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, job.id)}
          onDragOver={(event) => event.dataTransfer?.types.includes(DRAGGED) && event.preventDefault()}
          onDrop={(event) => {
            const dragged = jobs.find((other) => other.id === event.dataTransfer?.getData(DRAGGED));
            if (dragged) move(dragged, at);
            event.preventDefault();
          }}
        >
          <span class="job-place">{at + 1}</span>
          <div class="job-text">
            <Name app={app} job={job} />
            <small>{t("waits since {time}", { time: new Date(job.created).toLocaleTimeString(undefined, { timeStyle: "short" }) })}</small>
          </div>
          {at > 0 && (
            <button class="tool" title={t("Run this next")} aria-label={t("Run {name} next", { name: nameOf(app, job) })} onClick={() => move(job, 0)}>
              <Icon name="up" size={15} />
            </button>
          )}
          <button class="tool" title={t("Cancel")} aria-label={t("Cancel {name}", { name: nameOf(app, job) })} onClick={() => act((list) => list.cancel([job.id]))}>
            <Icon name="close" size={15} />
          </button>
        </li>
      ))}
    </ol>
  );
}

function Failed({ app, job, act }: { app: App; job: Job; act: Act }): JSX.Element {
  return (
    <div class="job failed">
      <div class="job-text">
        <Name app={app} job={job} />
        <small class="job-error">{job.error?.text}</small>
      </div>
      <button class="text-button" onClick={() => act((list) => retry(app, list, job))} aria-label={t("Retry {name}", { name: nameOf(app, job) })}>
        {t("Retry")}
      </button>
    </div>
  );
}

/** The new job belongs to the document of the old one. */
async function retry(app: App, list: JobList, job: Job): Promise<void> {
  const id = await list.retry(job.id);
  const owner = app.running.ownerOf(job.id);
  if (owner) app.running.own(owner, id);
}
