/**
 * The gallery: what all jobs made, newest first, page by page.
 *
 * Invariant: only the rows in view are in the page, whatever the number of results.
 */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { type Job, JobList } from "../net/jobs";
import type { App } from "./app";
import { Icon } from "./icons";
import { columnsIn, rowsInView } from "./rows";
import { sentenceOf, type Shown, toast, ui } from "./ui";

const PAGE = 60;
const CAPTION = 24;
const GAP = 10;
const TYPING_MS = 250;

/** What has been fetched; kept while the panel is closed. */
const state = {
  items: signal<Shown[]>([]),
  total: signal<number | null>(null),
  search: signal(""),
  only: signal(false),
  marked: signal<readonly Shown[]>([]),
};
let fetched = 0;
let loading: Promise<void> | null = null;
let turn = 0;

const itemsOf = (app: App, job: Job): Shown[] =>
  job.made.map((file) => ({
    url: app.client.viewUrl(file, job.id),
    name: file.filename,
    kind: file.kind,
    file: { filename: file.filename, subfolder: file.subfolder, type: file.type },
    job: job.id,
    paper: job.paper?.name ?? null,
    at: job.ended ?? job.created,
  }));

const paperOf = (app: App): string => (state.only.value ? app.session.id : "");

/** Start from the newest. */
async function reload(app: App): Promise<void> {
  const mine = ++turn;
  const page = await new JobList(app.client).results(0, PAGE, state.search.value, paperOf(app));
  if (mine !== turn) return;
  fetched = page.jobs.length;
  state.items.value = page.jobs.flatMap((job) => itemsOf(app, job));
  state.total.value = page.total;
  const alive = new Set(state.items.value.map((item) => item.url));
  state.marked.value = state.marked.value.filter((item) => alive.has(item.url));
}

async function more(app: App): Promise<void> {
  const mine = turn;
  const page = await new JobList(app.client).results(fetched, PAGE, state.search.value, paperOf(app));
  if (mine !== turn) return;
  fetched += page.jobs.length;
  // Jobs that ended meanwhile have moved the pages: nothing is shown twice.
  const known = new Set(state.items.value.map((item) => item.url));
  const fresh = page.jobs.flatMap((job) => itemsOf(app, job)).filter((item) => !known.has(item.url));
  state.items.value = [...state.items.value, ...fresh];
  state.total.value = page.jobs.length === 0 ? fetched : page.total;
}

function load(app: App, task: (app: App) => Promise<void>): void {
  loading ??= task(app)
    .catch((error: unknown) => {
      toast(sentenceOf(error), "error");
    })
    .finally(() => {
      loading = null;
    });
}

export function Gallery({ app }: { app: App }): JSX.Element {
  const { value: ended } = ui.endedJobs;
  const active = state.only.value ? app.session.id : "";
  // Read, so that the filter follows the shown document.
  void ui.tabs.value;
  useEffect(() => void reload(app).catch((error: unknown) => toast(sentenceOf(error), "error")), [ended, active]);
  return (
    <div class="gallery">
      <Filter app={app} />
      {state.marked.value.length > 0 && <Marked app={app} />}
      <Grid app={app} />
    </div>
  );
}

function Filter({ app }: { app: App }): JSX.Element {
  const timer = useRef(0);
  const search = (event: Event): void => {
    state.search.value = (event.currentTarget as HTMLInputElement).value.trim();
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void reload(app).catch(() => undefined), TYPING_MS);
  };
  return (
    <div class="gallery-filter">
      <input type="search" placeholder={t("Search prompts and names")} aria-label={t("Search results")} value={state.search.value} onInput={search} />
      <button
        class="text-button"
        aria-pressed={state.only.value}
        title={t("Only what this workflow made")}
        onClick={() => (state.only.value = !state.only.value)}
      >
        {t("This workflow")}
      </button>
    </div>
  );
}

/** What can be done with the marked results. */
function Marked({ app }: { app: App }): JSX.Element {
  const { value: marked } = state.marked;
  const pictures = marked.filter((item) => item.kind === "images");
  const forget = async (): Promise<void> => {
    await new JobList(app.client).forget([...new Set(marked.flatMap((item) => item.job ?? []))]);
    state.marked.value = [];
    await reload(app);
    toast(t("Removed from the list. The files are still in the output folder."));
  };
  return (
    <div class="gallery-marked" role="toolbar" aria-label={t("Marked results")}>
      <span>{t("{n} marked", { n: marked.length })}</span>
      <button class="text-button" disabled={pictures.length < 2} onClick={() => (ui.viewer.value = { items: pictures, at: 0, compare: true })}>
        {t("Compare")}
      </button>
      <button class="text-button" onClick={() => marked.forEach(download)}>
        {t("Download")}
      </button>
      <button class="text-button" onClick={() => void forget().catch((error: unknown) => toast(sentenceOf(error), "error"))}>
        {t("Remove")}
      </button>
      <button class="tool" aria-label={t("Unmark all")} title={t("Unmark all")} onClick={() => (state.marked.value = [])}>
        <Icon name="close" size={14} />
      </button>
    </div>
  );
}

export function download(item: Shown): void {
  const link = document.createElement("a");
  link.href = item.url;
  link.download = item.name;
  link.click();
}

function Grid({ app }: { app: App }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const place = useSignal({ top: 0, width: 0, height: 0 });
  const measure = (): void => {
    const box = frame.current;
    if (box) place.value = { top: box.scrollTop, width: box.clientWidth, height: box.clientHeight };
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (frame.current) observer.observe(frame.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  const { value: items } = state.items;
  const { width, top, height } = place.value;
  const columns = columnsIn(width, GAP);
  const cell = (width - (columns - 1) * GAP) / columns;
  const pitch = cell + CAPTION + GAP;
  const rows = Math.ceil(items.length / columns);
  const [first, last] = rowsInView(top, height, pitch, rows);
  const whole = state.total.value !== null && fetched >= state.total.value;
  useEffect(() => {
    if (!whole && width > 0 && last >= rows - 2) load(app, more);
  }, [last, rows, whole, width]);
  const shown = items.slice(first * columns, last * columns);
  return (
    <div class="gallery-scroll" ref={frame} onScroll={measure} tabIndex={-1}>
      {items.length === 0 && state.total.value !== null && (
        <p class="empty">{state.search.value || state.only.value ? t("Nothing like that.") : t("Pictures appear here when a run has saved some.")}</p>
      )}
      <ul class="gallery-rows" style={{ height: `${String(rows * pitch)}px` }} aria-label={t("Results")}>
        {width > 0 &&
          shown.map((item, i) => {
            const at = first * columns + i;
            const left = (at % columns) * (cell + GAP);
            const style = { width: `${String(cell)}px`, height: `${String(cell + CAPTION)}px`, transform: `translate(${String(left)}px, ${String(Math.floor(at / columns) * pitch)}px)` };
            return <Cell key={item.url} item={item} at={at} style={style} />;
          })}
      </ul>
    </div>
  );
}

function Cell({ item, at, style }: { item: Shown; at: number; style: Record<string, string> }): JSX.Element {
  const marked = state.marked.value.includes(item);
  const mark = (): void => {
    state.marked.value = marked ? state.marked.value.filter((other) => other !== item) : [...state.marked.value, item];
  };
  const open = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) mark();
    else ui.viewer.value = { items: state.items.value, at };
  };
  return (
    <li class={`cell ${marked ? "marked" : ""}`} style={style}>
      <button
        class="picture"
        title={`${item.name}\n${item.paper ?? ""}`.trim()}
        aria-label={t("Show {name}", { name: item.name })}
        draggable
        onClick={open}
        onDragStart={(event) => event.dataTransfer?.setData("text/x-loom-file", JSON.stringify(item.file))}
      >
        {item.kind === "images" ? <img src={`${item.url}&preview=webp;75`} alt="" decoding="async" loading="lazy" draggable={false} /> : <Icon name={item.kind === "audio" ? "sound" : "film"} size={32} />}
      </button>
      <input type="checkbox" class="mark" checked={marked} aria-label={t("Mark {name}", { name: item.name })} onChange={mark} />
      <span class="file-name">{item.paper ?? item.name}</span>
    </li>
  );
}
