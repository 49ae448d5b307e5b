/** The results of a sweep as a grid: cells appear as they finish, and all zoom and pan together. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { setWidget } from "../model/actions";
import { labelOf } from "../model/axes";
import { levelsOf } from "../model/levels";
import { asWorkflow } from "../model/workflow";
import { JobList } from "../net/jobs";
import { type Cell, isOver, readSweep, type Sweep } from "../net/sweeps";
import type { App } from "./app";
import { Icon } from "./icons";
import { nodeTitle } from "./levels";
import { gridPng } from "./sweepimage";
import { sentenceOf, toast, ui } from "./ui";
import { cssOf, FIT, gestures, type Look } from "./zoom";
import "./sweep.css";

const CALM_MS = 250;

const close = (): void => {
  ui.sweep.value = null;
};

/** The sweep as the server has it, asked again whenever the queue moves, until all cells ended. */
function useSweep(app: App, id: string | null): Sweep | null {
  const sweep = useSignal<Sweep | null>(null);
  const over = sweep.value !== null && isOver(sweep.value);
  const moved = ui.queueCount.value;
  const look = useSignal(0);
  useEffect(() => {
    if (id === null || over) return undefined;
    const timer = setTimeout(() => {
      readSweep(app.client, id).then(
        (found) => {
          sweep.value = found;
          // The queue is empty a moment before the last result is written down.
          if (!isOver(found) && ui.queueCount.value === 0) look.value++;
        },
        (error: unknown) => {
          toast(sentenceOf(error), "error");
          close();
        },
      );
    }, sweep.value ? CALM_MS : 0);
    return () => {
      clearTimeout(timer);
    };
  }, [id, moved, over, look.value]);
  return sweep.value;
}

export function SweepGrid({ app }: { app: App }): JSX.Element | null {
  const sweep = useSweep(app, ui.sweep.value);
  const frame = useRef<HTMLDivElement>(null);
  const look = useSignal<Look>(FIT);
  const chosen = useSignal<string | null>(null);
  const against = useSignal<string | null>(null);
  const share = useSignal(0.5);
  const output = useSignal<string | null>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    frame.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  const nodes = [...new Set(sweep?.cells.flatMap((cell) => [...cell.pictures.keys()]) ?? [])];
  const node = output.value ?? nodes[0] ?? "";
  const cell = sweep?.cells.find((one) => one.job === chosen.value) ?? null;
  const reference = sweep?.cells.find((one) => one.job === against.value) ?? null;
  const ended = sweep?.cells.filter((one) => one.status === "completed").length ?? 0;
  return (
    <div class="viewer sweep-view" role="dialog" aria-modal="true" aria-label={t("Results of the sweep")} tabIndex={-1} ref={frame} onKeyDown={(event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    }}>
      <div class="sweep-head">
        <h2>{t("Sweep")}</h2>
        <span role="status">{sweep ? t("{n} of {all} done", { n: ended, all: sweep.cells.length }) : ""}</span>
        {nodes.length > 1 && (
          <select aria-label={t("Output")} value={node} onChange={(event) => (output.value = event.currentTarget.value)}>
            {nodes.map((id) => <option key={id} value={id}>{nodeTitle(app, id)}</option>)}
          </select>
        )}
        {reference && (
          <label class="sweep-share">
            {t("Against {name}", { name: reference.values.map(labelOf).join(", ") })}
            <input type="range" min={0} max={1} step={0.01} value={share.value} onInput={(event) => (share.value = Number(event.currentTarget.value))} />
          </label>
        )}
        <span class="sweep-space" />
        <button class="text-button" onClick={() => (look.value = FIT)}>{t("Fit")}</button>
        <button class="text-button" disabled={ended === 0} onClick={() => void save(app, sweep, node)}>{t("Save as one picture")}</button>
        <button class="tool" title={t("Close  Esc")} aria-label={t("Close")} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {sweep && <Grid app={app} sweep={sweep} node={node} look={look.value} setLook={(next) => (look.value = next)} chosen={chosen.value} choose={(job) => (chosen.value = job)} reference={reference} share={share.value} />}
      {cell && sweep && (
        <div class="sweep-foot" role="toolbar" aria-label={t("Chosen result")}>
          <span>{sweep.axes.map((axis, i) => `${axis.input} ${labelOf(cell.values[i] ?? null)}`).join(" · ")}</span>
          <button class="text-button" onClick={() => useValues(app, sweep, cell)}>{t("Use these values")}</button>
          <button class="text-button" onClick={() => void openCell(app, cell)}>{t("Open its workflow")}</button>
          <button class="text-button" aria-pressed={against.value === cell.job} onClick={() => (against.value = against.value === cell.job ? null : cell.job)}>
            {against.value === cell.job ? t("Stop comparing") : t("Compare all with this")}
          </button>
        </div>
      )}
    </div>
  );
}

/** The side of a cell with which all rows fit into the window. */
const sideOf = (rows: number): string => `calc((100vh - 110px) / ${String(Math.max(1, rows))} - 6px)`;

interface GridProps {
  app: App;
  sweep: Sweep;
  node: string;
  look: Look;
  setLook: (look: Look) => void;
  chosen: string | null;
  choose: (job: string) => void;
  reference: Cell | null;
  share: number;
}

function Grid({ app, sweep, node, look, setLook, chosen, choose, reference, share }: GridProps): JSX.Element {
  const { columns, rows, at } = tableOf(sweep);
  const hands = gestures(() => look, setLook);
  const style = { transform: cssOf(look) };
  return (
    <div class="sweep-grid" style={{ gridTemplateColumns: `auto repeat(${String(columns.length)}, minmax(140px, ${sideOf(rows.length)}))` }}>
      <span class="sweep-corner">{sweep.axes[0]?.input}</span>
      {columns.map((label) => <span class="sweep-column" key={label} title={label}>{label}</span>)}
      {rows.map((label, y) => [
        <span class="sweep-row" key={`row ${label}`} title={label}>{label}</span>,
        ...columns.map((column, x) => {
          const cell = at(x, y);
          const url = cell && urlOf(app, cell, node);
          const other = reference && reference !== cell ? urlOf(app, reference, node) : null;
          return (
            <button
              key={`${column} ${label}`}
              class="pane sweep-cell"
              aria-pressed={cell?.job === chosen}
              aria-label={cell ? `${cell.values.map(labelOf).join(", ")}: ${statusWord(cell)}` : ""}
              onClick={() => cell && choose(cell.job)}
              {...hands}
            >
              {url ? <img src={url} alt="" draggable={false} style={style} /> : <span class="sweep-state">{cell ? statusWord(cell) : ""}</span>}
              {url && other && (
                <span class="over-top" style={{ clipPath: `inset(0 ${String((1 - share) * 100)}% 0 0)` }}>
                  <img src={other} alt="" draggable={false} style={style} />
                </span>
              )}
              {url && other && <i class="sweep-edge" style={{ left: `${String(share * 100)}%` }} />}
            </button>
          );
        }),
      ])}
    </div>
  );
}

/** The first axis runs along the columns; the others, multiplied, along the rows. */
function tableOf({ axes, cells }: Sweep): { columns: string[]; rows: string[]; at: (x: number, y: number) => Cell | null } {
  const [first, ...rest] = axes;
  const places = rest.reduce<number[][]>((done, axis) => done.flatMap((place) => axis.values.map((_, i) => [...place, i])), [[]]);
  const name = (place: readonly number[]): string =>
    rest.map((axis, i) => `${axis.input} ${labelOf(axis.values[place[i] ?? 0] ?? null)}`).join(" · ");
  const byPlace = new Map(cells.map((cell) => [cell.place.join(), cell]));
  return {
    columns: first?.values.map(labelOf) ?? [],
    rows: places.map(name),
    at: (x, y) => byPlace.get([x, ...(places[y] ?? [])].join()) ?? null,
  };
}

const urlOf = (app: App, cell: Cell, node: string): string | null => {
  const ref = cell.pictures.get(node);
  return ref ? app.client.viewUrl(ref, cell.job) : null;
};

function statusWord({ status, pictures }: Cell): string {
  if (status === "pending") return t("waits");
  if (status === "in_progress") return t("runs");
  if (status === "completed") return pictures.size > 0 ? t("done") : t("no picture");
  return status === "cancelled" ? t("stopped") : t("failed");
}

/** Set the widgets of the axes to a cell's values, in one step. */
function useValues(app: App, { axes }: Sweep, cell: Cell): void {
  const { doc } = app.session;
  const levels = levelsOf(doc);
  doc.editFile("Use values of a sweep", () => {
    axes.forEach(({ node, input }, i) => {
      const cut = node.lastIndexOf(":") + 1;
      const level = levels.get(node.slice(0, cut));
      if (level) setWidget(level.doc, app.scene.specs, node.slice(cut), input, cell.values[i] ?? null);
    });
  });
  toast(t("The workflow has these values now. Undo takes them back."));
}

async function openCell(app: App, cell: Cell): Promise<void> {
  try {
    const { workflow } = await new JobList(app.client).source(cell.job);
    close();
    app.openWorkflow(asWorkflow(workflow), `${app.session.meta.name} · ${cell.values.map(labelOf).join(", ")}`);
  } catch (error) {
    toast(sentenceOf(error), "error");
  }
}

async function save(app: App, sweep: Sweep | null, node: string): Promise<void> {
  if (!sweep) return;
  const { columns, rows, at } = tableOf(sweep);
  const name = sweep.axes[0]?.input ?? "";
  const url = (x: number, y: number): string | null => {
    const cell = at(x, y);
    return cell && urlOf(app, cell, node);
  };
  try {
    const blob = await gridPng({ columns: columns.map((label) => `${name} ${label}`), rows, url });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${app.session.meta.name} sweep.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    toast(sentenceOf(error), "error");
  }
}
