/** Which values a widget takes in a sweep: a list, a range, or several choices. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import { axesOf, labelOf, rangeValues, readValues, sameInput, setAxis } from "../model/axes";
import type { Json } from "../model/json";
import { levelsOf } from "../model/levels";
import { readWidget, type Widget, widgetsOf } from "../model/widgets";
import type { RawNode } from "../model/workflow";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { nodeTitle } from "./levels";
import { sentenceOf, ui } from "./ui";
import "./sweep.css";

interface Place {
  node: RawNode;
  widgets: readonly Widget[];
  widget: Widget;
}

/** The widget that an execution id and an input name stand for. */
function placeOf(app: App, id: string, input: string): Place | null {
  const cut = id.lastIndexOf(":") + 1;
  const node = levelsOf(app.session.doc).get(id.slice(0, cut))?.doc.node(id.slice(cut));
  const spec = node && app.scene.specs.get(node.type);
  const widgets = spec ? widgetsOf(spec) : [];
  const widget = widgets.find((one) => one.name === input);
  return node && widget ? { node, widgets, widget } : null;
}

export function SweepDialog({ app }: { app: App }): JSX.Element | null {
  const axis = ui.axis.value;
  const place = axis && placeOf(app, axis.node, axis.input);
  if (!axis || !place) return null;
  const known = axesOf(app.session.doc).find((one) => sameInput(one, axis))?.values;
  const start = known ?? [readWidget(place.node, place.widgets, place.widget)];
  const keep = (values: readonly Json[]): void => {
    setAxis(app.session.doc, { ...axis, values });
    ui.dialog.value = null;
  };
  const kind = place.widget.kind;
  return (
    <Frame title={t("Sweep {name}", { name: `${nodeTitle(app, axis.node)} · ${axis.input}` })}>
      {kind === "combo" || kind === "toggle" ? (
        <Choices all={kind === "toggle" ? [false, true] : place.widget.input.choices} start={start} keep={keep} />
      ) : (
        <Typed type={place.widget.input.type} start={start} keep={keep} />
      )}
    </Frame>
  );
}

interface Part {
  start: readonly Json[];
  keep: (values: readonly Json[]) => void;
}

function Typed({ type, start, keep }: Part & { type: string }): JSX.Element {
  const number = type === "INT" || type === "FLOAT";
  const text = useSignal(start.map((value) => String(value as string)).join(number ? ", " : "\n"));
  const wrong = useSignal("");
  const submit = (event: Event): void => {
    event.preventDefault();
    try {
      keep(readValues(text.value, type));
    } catch (error) {
      wrong.value = sentenceOf(error);
    }
  };
  return (
    <form class="sweep-form" onSubmit={submit}>
      <label>
        {number ? t("Values, with commas between") : t("Values, one a line")}
        <textarea rows={4} autofocus value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
      </label>
      {number && <Range whole={type === "INT"} start={Number(start[0])} fill={(values) => (text.value = values.join(", "))} />}
      {wrong.value && <p class="sweep-wrong" role="alert">{wrong.value}</p>}
      <button class="run plain">{t("Use as axis")}</button>
    </form>
  );
}

function Range({ whole, start, fill }: { whole: boolean; start: number; fill: (values: number[]) => void }): JSX.Element {
  const from = useSignal(start);
  const to = useSignal(whole ? start + 4 : start + 1);
  const count = useSignal(5);
  const set = (signal: typeof from) => (event: Event): void => {
    signal.value = Number((event.currentTarget as HTMLInputElement).value);
    fill(rangeValues(from.value, to.value, count.value, whole));
  };
  return (
    <fieldset class="sweep-range">
      <legend>{t("Or a range")}</legend>
      <label>{t("From")}<input type="number" step="any" value={from.value} onInput={set(from)} /></label>
      <label>{t("To")}<input type="number" step="any" value={to.value} onInput={set(to)} /></label>
      <label>{t("How many")}<input type="number" min={1} value={count.value} onInput={set(count)} /></label>
    </fieldset>
  );
}

function Choices({ all, start, keep }: Part & { all: readonly Json[] }): JSX.Element {
  const chosen = useSignal<readonly Json[]>(start);
  const query = useSignal("");
  const shown = all.filter((value) => labelOf(value).toLowerCase().includes(query.value.toLowerCase()));
  const toggle = (value: Json): void => {
    const has = chosen.value.includes(value);
    // In the order of the list, whatever was clicked first.
    chosen.value = all.filter((one) => (one === value ? !has : chosen.value.includes(one)));
  };
  return (
    <form class="sweep-form" onSubmit={(event) => {
      event.preventDefault();
      keep(chosen.value);
    }}>
      {all.length > 8 && <input type="search" aria-label={t("Search choices")} placeholder={t("Search choices")} value={query.value} onInput={(event) => (query.value = event.currentTarget.value)} />}
      <div class="sweep-choices">
        {shown.map((value) => (
          <label key={labelOf(value)}>
            <input type="checkbox" checked={chosen.value.includes(value)} onChange={() => toggle(value)} />
            {labelOf(value)}
          </label>
        ))}
      </div>
      <button class="run plain">{t("Use as axis")}</button>
    </form>
  );
}
