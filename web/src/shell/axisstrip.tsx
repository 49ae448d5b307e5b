/** The strip above the canvas while the workflow has axes: what a sweep would run, and its start. */
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { type Axis, axesOf, clearAxes, combinations, labelOf, lastOf, MOST_CELLS, setAxis, turnsOf } from "../model/axes";
import { type JsonObject, stringifyJson } from "../model/json";
import { duration } from "../model/outlook";
import { buildPrompt } from "../model/prompt";
import { startSweep } from "../net/sweeps";
import type { App } from "./app";
import { Icon } from "./icons";
import { nodeTitle } from "./levels";
import { ui } from "./ui";
import "./sweep.css";

export function AxisStrip({ app }: { app: App }): JSX.Element | null {
  // Read, so that an edit draws the strip again.
  void ui.axes.value;
  const { doc, meta } = app.session;
  const axes = axesOf(doc);
  const last = meta.sweep ?? null;
  const count = combinations(axes);
  const learned = useSignal(0);
  useEffect(() => {
    const prompt = lastOf(buildPrompt(doc, app.scene.specs, () => 0), axes);
    void app.forecaster.learn(prompt).then(() => learned.value++);
  }, [doc, stringifyJson(axes.map(({ node, input, values }) => [node, input, ...values]))]);
  void learned.value;
  return (
    <section class="axis-strip" aria-label={t("Sweep")} key={ui.language.value}>
      {axes.map((axis) => (
        <Chip key={`${axis.node}/${axis.input}`} app={app} axis={axis} />
      ))}
      <span class="axis-sum">{count > MOST_CELLS ? t("{n} runs; {most} are allowed", { n: count, most: MOST_CELLS }) : sumOf(app, axes, count)}</span>
      <button class="run plain" disabled={count > MOST_CELLS} onClick={() => void run(app, axes)}>
        {t("Run sweep")}
      </button>
      {last !== null && (
        <button class="text-button" onClick={() => (ui.sweep.value = last)}>
          {t("Last grid")}
        </button>
      )}
      <button class="tool" title={t("Remove all axes")} aria-label={t("Remove all axes")} onClick={() => clearAxes(doc)}>
        <Icon name="close" size={14} />
      </button>
    </section>
  );
}

function Chip({ app, axis }: { app: App; axis: Axis }): JSX.Element {
  const name = `${nodeTitle(app, axis.node)} · ${axis.input}`;
  const values = axis.values.map(labelOf).join(", ");
  return (
    <span class="axis-chip">
      <button class="axis-edit" title={t("Change the values of {name}", { name })} onClick={() => openAxis(axis)}>
        <b>{name}</b> <span>{values}</span>
      </button>
      <button class="tool" title={t("Remove {name}", { name })} aria-label={t("Remove {name}", { name })} onClick={() => setAxis(app.session.doc, { ...axis, values: [] })}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

/** Choose the values of an axis. */
export function openAxis(axis: Pick<Axis, "node" | "input">): void {
  ui.axis.value = { node: axis.node, input: axis.input };
  ui.dialog.value = "sweep";
}

/** Runs, different nodes, and the usual time of those as far as it is known. */
function sumOf(app: App, axes: readonly Axis[], count: number): string {
  const prompt = buildPrompt(app.session.doc, app.scene.specs, () => 0);
  const turns = [...turnsOf(prompt, axes)];
  const nodes = turns.reduce((sum, [, n]) => sum + n, 0);
  const ms = turns.reduce((sum, [id, n]) => sum + n * (app.scene.forecast.usual.get(prompt[id]?.class_type ?? "")?.ms ?? 0), 0);
  const said = t("{n} runs, {nodes} different nodes of {all}", { n: count, nodes, all: count * turns.length });
  return ms > 0 ? `${said}, ~${duration(ms)}` : said;
}

async function run(app: App, axes: readonly Axis[]): Promise<void> {
  app.workspace.closeEditor();
  const { session } = app;
  try {
    const sweep = await startSweep(app.client, {
      client_id: app.tab,
      prompt: buildPrompt(session.doc, app.scene.specs, Math.random) as unknown as JsonObject,
      axes: axes.map(({ node, input, values }) => ({ node, input, values: [...values] })),
      extra_data: {
        extra_pnginfo: { workflow: session.doc.raw },
        x_paper: { id: session.id, name: session.meta.name, revision: session.doc.revision },
      },
    });
    app.remember({ sweep }, session);
    ui.sweep.value = sweep;
  } catch (error) {
    app.running.refused(error);
  }
}
