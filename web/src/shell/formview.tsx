/** The form of a workflow: its fields on one side, its results on the other, no graph. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { setWidget } from "../model/actions";
import { chooseUsual, type FormField, formFields, formOutputs, opensAsForm, setOpensAsForm, shiftField, toggleField } from "../model/form";
import type { Json } from "../model/json";
import { readWidget } from "../model/widgets";
import { clampNumber, colorValue, formatNumber, fraction, maxOf, minOf, parseNumber, stepOf, toHex } from "../widgets/numbers";
import type { App } from "./app";
import { Icon } from "./icons";
import { shownAt, ui } from "./ui";
import "./form.css";

export function FormView({ app }: { app: App }): JSX.Element {
  useFrames(app);
  const { session, scene } = app;
  const [arranging, arrange] = useState(false);
  const fields = formFields(session.doc, scene.specs);
  return (
    <main class="form-view" aria-label={t("Form")}>
      <section class="form-fields" aria-label={t("Fields")}>
        <header>
          <h2>{session.meta.name}</h2>
          <button class="tool" aria-pressed={arranging} aria-label={t("Arrange the form")} title={t("Arrange the form")} onClick={() => { arrange(!arranging); }}><Icon name="align" size={16} /></button>
          <button class="tool" aria-label={t("Back to the graph")} title={t("Back to the graph")} onClick={() => (ui.form.value = false)}><Icon name="close" size={16} /></button>
        </header>
        <div class="form-list">
          {fields.map((field) => <Field key={`${field.key} ${field.widget.name}`} app={app} field={field} arranging={arranging} />)}
          {fields.length === 0 && <Empty app={app} />}
        </div>
        <footer>
          <label class="form-first">
            <input type="checkbox" checked={opensAsForm(session.doc)} onChange={(event) => { setOpensAsForm(session.doc, event.currentTarget.checked); }} />
            <span>{t("Open this workflow as a form")}</span>
          </label>
        </footer>
      </section>
      <Results app={app} />
    </main>
  );
}

/** Draw again after every frame of the canvas: that is when values, marks or pictures have changed. */
function useFrames(app: App): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const look = (): void => { tick((n) => n + 1); };
    app.renderer.watchers.add(look);
    app.running.hearers.add(look);
    return () => {
      app.renderer.watchers.delete(look);
      app.running.hearers.delete(look);
    };
  }, [app]);
}

function Empty({ app }: { app: App }): JSX.Element {
  return (
    <div class="form-empty">
      <p>{t("No field stands in this form yet. On the graph, right click a field and choose Show in the form.")}</p>
      <button class="text-button" onClick={() => { chooseUsual(app.session.doc, app.scene.specs); }}>{t("Choose the usual ones")}</button>
    </div>
  );
}

function Field({ app, field, arranging }: { app: App; field: FormField; arranging: boolean }): JSX.Element {
  const { key, widget } = field;
  const { doc } = app.session;
  const title = field.node.title ?? app.scene.specs.get(field.node.type)?.title ?? field.node.type;
  // Two prompts are told apart by their nodes, not by the word "text".
  const heading = widget.name === "text" ? title : (widget.input.label ?? widget.name);
  return (
    <div class="form-field">
      <label>
        <span>{heading} <small>{heading === title ? "" : title}</small></span>
        <Control app={app} field={field} />
      </label>
      {arranging && (
        <div class="form-order">
          <button class="tool" aria-label={t("Move {name} up", { name: widget.name })} onClick={() => { shiftField(doc, key, widget.name, -1); }}>↑</button>
          <button class="tool" aria-label={t("Move {name} down", { name: widget.name })} onClick={() => { shiftField(doc, key, widget.name, 1); }}>↓</button>
          <button class="tool" aria-label={t("Take {name} out of the form", { name: widget.name })} onClick={() => { toggleField(doc, key, widget.name); }}><Icon name="close" size={14} /></button>
        </div>
      )}
    </div>
  );
}

function Control({ app, field }: { app: App; field: FormField }): JSX.Element {
  const { key, widget, node, widgets } = field;
  const { input, kind } = widget;
  const value = readWidget(node, widgets, widget);
  const put = (next: Json): void => {
    // One typing session in one field is one step of the history.
    setWidget(app.session.doc.root(), app.scene.specs, key, widget.name, next, `form ${key} ${widget.name}`);
  };
  const done = (): void => { app.session.doc.endGesture(); };
  if (kind === "multiline") return <textarea rows={4} value={String(value as string)} onInput={(e) => { put(e.currentTarget.value); }} onBlur={done} />;
  if (kind === "toggle") return <input type="checkbox" role="switch" checked={value === true} onChange={(e) => { put(e.currentTarget.checked); done(); }} />;
  if (kind === "combo") return <Choice app={app} field={field} value={value} put={(next) => { put(next); done(); }} />;
  if (kind === "color") return <input type="color" value={toHex(value)} onInput={(e) => { put(colorValue(input, e.currentTarget.value) ?? value); }} onBlur={done} />;
  if (kind === "number") {
    const ranged = fraction(input, value) !== null;
    const type = (text: string): void => {
      const parsed = parseNumber(input, text);
      if (parsed !== null) put(parsed);
    };
    return (
      <span class="form-number">
        {ranged && <input type="range" aria-label={widget.name} min={minOf(input)} max={maxOf(input)} step={stepOf(input)} value={Number(value)} onInput={(e) => { put(clampNumber(input, Number(e.currentTarget.value))); }} onChange={done} />}
        <input inputMode="decimal" aria-label={widget.name} value={formatNumber(input, value)} onChange={(e) => { type(e.currentTarget.value); done(); }} />
      </span>
    );
  }
  return <input value={typeof value === "string" ? value : JSON.stringify(value)} readOnly={kind !== "text"} onInput={(e) => { put(e.currentTarget.value); }} onBlur={done} />;
}

function Choice({ app, field, value, put }: { app: App; field: FormField; value: Json; put: (next: Json) => void }): JSX.Element {
  const { input } = field.widget;
  const known = input.choices.includes(value);
  const picture = input.options["image_upload"] === true;
  return (
    <span class="form-choice">
      <select value={String(value as string)} onChange={(e) => { put(input.choices.find((one) => String(one as string) === e.currentTarget.value) ?? value); }}>
        {!known && <option>{String(value as string)}</option>}
        {input.choices.map((one) => <option key={String(one as string)}>{String(one as string)}</option>)}
      </select>
      {picture && <button class="text-button" onClick={(e) => { e.preventDefault(); app.files.chooseUpload(field.key); }}>{t("Upload…")}</button>}
      {picture && typeof value === "string" && value !== "" && <img src={app.inputUrl(value)} alt={value} />}
    </span>
  );
}

function Results({ app }: { app: App }): JSX.Element {
  const { scene, session } = app;
  const outputs = formOutputs(session.doc, scene.specs);
  const urls = outputs.flatMap((key) => scene.markOf(key).images);
  const texts = outputs.flatMap((key) => scene.markOf(key).texts);
  const live = ui.running.value ? (scene.markedKeys().map((key) => scene.markOf(key).live).find((one) => one !== null) ?? null) : null;
  const wrong = scene.markedKeys().flatMap((key) => scene.markOf(key).errors.map((error) => error.text));
  return (
    <section class="form-results" aria-label={t("Results")}>
      <button class="run form-run" onClick={() => { app.commands.run(ui.running.value ? "interrupt" : "run"); }}>{ui.running.value ? t("Stop") : t("Run")}</button>
      {ui.running.value && <progress aria-label={t("Progress")} value={ui.progress.value} />}
      {wrong.map((text, i) => <p class="form-error" role="alert" key={i}>{text}</p>)}
      {live && <Live picture={live} />}
      <div class="form-pictures">
        {urls.map((url, at) => (
          <button key={url} aria-label={t("Show picture")} onClick={() => (ui.viewer.value = { items: urls.map(shownAt), at })}><img src={url} alt={t("Result {n}", { n: at + 1 })} /></button>
        ))}
      </div>
      {texts.map((text, i) => <pre key={i}>{text}</pre>)}
      {urls.length === 0 && texts.length === 0 && !live && <p class="empty">{t("The result appears here")}</p>}
    </section>
  );
}

/** The preview of the running sampler. */
function Live({ picture }: { picture: ImageBitmap }): JSX.Element {
  const draw = (canvas: HTMLCanvasElement | null): void => {
    if (!canvas || picture.width === 0) return;
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
  };
  return <canvas class="form-live" ref={draw} role="img" aria-label={t("Preview")} />;
}
