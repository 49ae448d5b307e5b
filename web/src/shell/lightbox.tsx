/** A result large: zoom, pan, what made it, and what can be done with it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { labelOf } from "../model/axes";
import { cloneJson, isObject, type Json } from "../model/json";
import { differences, takeValues } from "../model/values";
import { asWorkflow, type Workflow } from "../model/workflow";
import { JobList } from "../net/jobs";
import type { App } from "./app";
import { Compare } from "./compare";
import { download } from "./gallery";
import { Icon, type IconName } from "./icons";
import { nodeTitle } from "./levels";
import { sentenceOf, type Shown, toast, ui } from "./ui";
import { cssOf, FIT, gestures, type Look, zoomedAt } from "./zoom";

export function Lightbox({ app }: { app: App }): JSX.Element | null {
  const view = ui.viewer.value;
  const frame = useRef<HTMLDivElement>(null);
  const look = useSignal<Look>(FIT);
  const info = useSignal(false);
  useLayoutEffect(() => {
    const before = document.activeElement;
    frame.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  const item = view?.items[view.at];
  if (!view || !item) return null;
  const go = (by: number): void => {
    ui.viewer.value = { ...view, at: (view.at + by + view.items.length) % view.items.length };
  };
  const keys: Record<string, () => void> = {
    ArrowRight: () => go(1),
    ArrowLeft: () => go(-1),
    "+": () => (look.value = zoomedAt(look.value, 1.25, 0, 0)),
    "-": () => (look.value = zoomedAt(look.value, 0.8, 0, 0)),
    "0": () => (look.value = FIT),
    i: () => (info.value = !info.value),
    c: () => compareWithNext(),
    Escape: close,
  };
  const compareWithNext = (): void => {
    if (view.compare) ui.viewer.value = { ...view, compare: false };
    else if (neighbours(view.items, view.at).length > 1) ui.viewer.value = { items: neighbours(view.items, view.at), at: 0, compare: true };
  };
  return (
    <div
      class="viewer"
      role="dialog"
      aria-modal="true"
      aria-label={view.compare ? t("Compare pictures") : t("Picture")}
      tabIndex={-1}
      ref={frame}
      onKeyDown={(event) => {
        const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    >
      <Tools item={item} count={view.items.length} at={view.at} go={go} info={info} compare={view.compare === true} compareWithNext={compareWithNext} />
      <div class="viewer-body">
        {view.compare ? (
          <Compare items={view.items} look={look.value} setLook={(value) => (look.value = value)} />
        ) : (
          <Medium item={item} look={look.value} setLook={(value) => (look.value = value)} />
        )}
        {info.value && !view.compare && <Info key={item.url} app={app} item={item} />}
      </div>
    </div>
  );
}

function close(): void {
  ui.viewer.value = null;
}

/** A picture and the one made before it. */
function neighbours(items: readonly Shown[], at: number): Shown[] {
  const pictures = items.filter((item) => item.kind === "images");
  const here = pictures.indexOf(items[at] as Shown);
  return [pictures[here + 1] ?? pictures[here - 1], pictures[here]].filter((item) => item !== undefined);
}

/** Only files of their own kind are shown: nothing that could run. */
function Medium({ item, look, setLook }: { item: Shown; look: Look; setLook: (look: Look) => void }): JSX.Element {
  if (item.kind === "video") return <video class="medium" src={item.url} controls autoplay loop />;
  if (item.kind === "audio") return <audio class="medium" src={item.url} controls autoplay />;
  if (item.kind !== "images") return <p class="empty">{t("{name} can be downloaded, but not shown.", { name: item.name })}</p>;
  return (
    <figure class="pane" {...gestures(() => look, setLook)}>
      <img src={item.url} alt={item.name} draggable={false} style={{ transform: cssOf(look) }} class={look.scale > 3 ? "pixels" : ""} />
    </figure>
  );
}

interface ToolsProps {
  item: Shown;
  count: number;
  at: number;
  go: (by: number) => void;
  info: { value: boolean };
  compare: boolean;
  compareWithNext: () => void;
}

function Tools({ item, count, at, go, info, compare, compareWithNext }: ToolsProps): JSX.Element {
  const picture = item.kind === "images";
  return (
    <div class="viewer-tools">
      {count > 1 && !compare && (
        <>
          <Tool icon="left" title={t("Previous  ←")} act={() => go(-1)} />
          <span>
            {at + 1} / {count}
          </span>
          <Tool icon="right" title={t("Next  →")} act={() => go(1)} />
        </>
      )}
      <span class="viewer-name">{compare ? "" : item.name}</span>
      {picture && count > 1 && <Tool icon="compare" title={compare ? t("Stop comparing  C") : t("Compare with the one before  C")} act={compareWithNext} on={compare} />}
      {!compare && <Tool icon="info" title={t("What made it  I")} act={() => (info.value = !info.value)} on={info.value} />}
      {!compare && picture && item.file && <Tool icon="brush" title={t("Paint a mask")} act={() => paintOn(item)} />}
      {!compare && <Tool icon="download" title={t("Download")} act={() => download(item)} />}
      <Tool icon="close" title={t("Close  Esc")} act={close} />
    </div>
  );
}

/** Leave the large view for the mask editor. */
function paintOn({ url, file }: Shown): void {
  close();
  if (file) ui.mask.value = { url, file, node: null };
}

function Tool({ icon, title, act, on }: { icon: IconName; title: string; act: () => void; on?: boolean }): JSX.Element {
  return (
    <button class="tool" title={title} aria-label={title.split("  ")[0]} aria-pressed={on} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}

/** A file may hold anything under that name. */
function workflowOrNull(raw: Json): Workflow | null {
  try {
    return asWorkflow(cloneJson(raw));
  } catch {
    return null;
  }
}

/** How the shown workflow differs from the one that made a result; one node's values can be put back. */
function Changed({ app, raw }: { app: App; raw: Json }): JSX.Element | null {
  const back = useSignal(0);
  void back.value;
  const { doc } = app.session;
  const from = workflowOrNull(raw);
  const found = from ? differences(doc, from, app.scene.specs) : [];
  if (!from || found.length === 0) return null;
  const restore = (node: string): void => {
    takeValues(doc, from, "Take the values of a result", new Set([node]));
    back.value++;
  };
  return (
    <section class="viewer-changes" aria-label={t("Changed since")}>
      <h3>{t("Changed since")}</h3>
      {[...new Set(found.map(({ node }) => node))].map((node) => (
        <div key={node}>
          <b>{nodeTitle(app, node)}</b>
          <button class="text-button" onClick={() => restore(node)}>{t("Put back")}</button>
          {found.filter((one) => one.node === node).map(({ name, was, now }) => (
            <p key={name}>
              {name}: {labelOf(was)} → {labelOf(now)}
            </p>
          ))}
        </div>
      ))}
    </section>
  );
}

/** Size, time, and the values that the job was queued with. */
function Info({ app, item }: { app: App; item: Shown }): JSX.Element {
  const source = useSignal<{ workflow: Json; prompt: Json } | null>(null);
  const size = useSignal("");
  useEffect(() => {
    if (item.job !== null) new JobList(app.client).source(item.job).then((found) => (source.value = found), () => undefined);
    if (item.kind !== "images") return;
    const image = new Image();
    image.src = item.url;
    image.decode().then(() => (size.value = `${String(image.naturalWidth)} × ${String(image.naturalHeight)}`), () => undefined);
  }, [item.url]);
  const act = (what: (raw: Workflow) => void) => (): void => {
    try {
      what(asWorkflow(cloneJson(source.value?.workflow ?? null)));
      close();
    } catch (error) {
      toast(sentenceOf(error), "error");
    }
  };
  const open = act((raw) => {
    app.openWorkflow(raw, item.paper ?? t("From a result"));
  });
  const values = act((raw) => {
    const count = takeValues(app.session.doc, raw, "Take the values of a result");
    toast(count === 0 ? t("The values are the same already.") : t("Values taken from the result: {n} nodes. Undo takes them back.", { n: count }));
  });
  const compare = act((raw) => {
    close();
    void app.compareWith(item.name, raw);
  });
  const has = isObject(source.value?.workflow ?? null);
  return (
    <aside class="viewer-info" aria-label={t("What made it")}>
      <dl>
        <dt>{t("File")}</dt>
        <dd>{item.name}</dd>
        {size.value && <dt>{t("Size")}</dt>}
        {size.value && <dd>{size.value}</dd>}
        {item.at !== null && <dt>{t("Made")}</dt>}
        {item.at !== null && <dd>{new Date(item.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}</dd>}
        {item.paper && <dt>{t("Workflow")}</dt>}
        {item.paper && <dd>{item.paper}</dd>}
        {valuesOf(source.value?.prompt ?? null).map(([name, value], at) => (
          <Pair key={at} name={name} value={value} />
        ))}
      </dl>
      {has && (item.paper === null || item.paper === app.session.meta.name) && <Changed app={app} raw={source.value?.workflow ?? null} />}
      {has && (
        <div class="viewer-actions">
          <button class="text-button" onClick={open}>
            {t("Open its workflow")}
          </button>
          <button class="text-button" title={t("Show on the canvas what differs from the workflow that made it")} onClick={compare}>
            {t("Compare its workflow")}
          </button>
          <button class="text-button" title={t("Set the same nodes of the shown workflow to these values")} onClick={values}>
            {t("Take only its values")}
          </button>
        </div>
      )}
    </aside>
  );
}

function Pair({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

const TELLING = /^(text.*|prompt|seed|noise_seed|steps|cfg|guidance|sampler_name|scheduler|denoise|.*_name|width|height|strength.*)$/;

/** The constants that say most about a picture, long texts first. */
export function valuesOf(prompt: Json): [string, string][] {
  if (!isObject(prompt)) return [];
  const found = Object.values(prompt).flatMap((node) => {
    const inputs = isObject(node) && isObject(node["inputs"]) ? node["inputs"] : {};
    return Object.entries(inputs).filter(([name, value]) => TELLING.test(name) && value !== null && value !== "" && typeof value !== "object");
  });
  const lines = found.map(([name, value]): [string, string] => [name.replaceAll("_", " "), String(value as string | number | bigint)]);
  const unique = new Map(lines.map((line) => [line.join("\n"), line]));
  return [...unique.values()].sort((a, b) => Number(b[1].length > 40) - Number(a[1].length > 40));
}
