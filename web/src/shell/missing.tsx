/** The dialog for files that ask for node types or model files which the server lacks. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import { type MissingChoice, missingChoices, type MissingType, missingTypes } from "../model/missing";
import { readRules, replaceType, type Rule, setEverywhere } from "../model/replace";
import type { Key } from "../model/workflow";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { showNode } from "./levels";
import { toast, ui } from "./ui";
import "./missing.css";

/** Put in what packs have in place of old nodes; ask about what a document lacks still. */
export async function askWhatIsMissing(app: App): Promise<void> {
  const { session } = app;
  const { doc } = session;
  const { specs } = app.scene;
  if (missingTypes(doc, specs).length > 0) replaceByRules(app, readRules(await app.client.json("node_replacements").catch(() => null)));
  if (app.session !== session || ui.dialog.value !== null) return;
  if (missingTypes(doc, specs).length + missingChoices(doc, specs).length > 0) ui.dialog.value = "missing";
}

function replaceByRules(app: App, rules: ReadonlyMap<string, Rule>): void {
  const { doc } = app.session;
  for (const { type } of missingTypes(doc, app.scene.specs)) {
    const rule = rules.get(type);
    const spec = rule && app.scene.specs.get(rule.to);
    if (!rule || !spec) continue;
    const n = replaceType(doc, app.scene.specs, type, spec, rule);
    toast(t("{n} × {from} became {to}.", { n, from: type, to: spec.title }));
  }
}

export function MissingDialog({ app }: { app: App }): JSX.Element {
  const changes = useSignal(0);
  void changes.value;
  const { doc } = app.session;
  const types = missingTypes(doc, app.scene.specs);
  const choices = missingChoices(doc, app.scene.specs);
  const act = (change: () => void): void => {
    change();
    changes.value++;
  };
  return (
    <Frame title={t("What this workflow lacks here")}>
      <div class="missing">
        {types.length + choices.length === 0 && <p class="empty" role="status">{t("Nothing is missing. Undo takes replacements back.")}</p>}
        {types.length > 0 && <h3>{t("Node types that this server does not have")}</h3>}
        {types.map((missing) => <TypeLine key={missing.type} app={app} missing={missing} act={act} />)}
        {types.length > 0 && <p class="empty">{t("Install the packs and restart the server, or choose a replacement: it keeps the wires and values that fit.")}</p>}
        {choices.length > 0 && <h3>{t("Files and choices that this server does not offer")}</h3>}
        {choices.map((missing) => <ChoiceLine key={`${missing.type}/${missing.widget}/${missing.value}`} app={app} missing={missing} act={act} />)}
      </div>
    </Frame>
  );
}

type Act = (change: () => void) => void;

function Nodes({ app, ids }: { app: App; ids: readonly Key[] }): JSX.Element {
  const first = ids[0] ?? "";
  const show = (): void => {
    ui.dialog.value = null;
    showNode(app, first);
  };
  return (
    <button class="text-button" aria-label={t("Show node {id}", { id: first })} onClick={show}>
      {ids.length > 1 ? t("{n} nodes", { n: ids.length }) : `#${first}`}
    </button>
  );
}

function TypeLine({ app, missing, act }: { app: App; missing: MissingType; act: Act }): JSX.Element {
  const replace = (at: number) => (): void => {
    const spec = missing.near[at];
    if (!spec) return;
    act(() => {
      const n = replaceType(app.session.doc, app.scene.specs, missing.type, spec);
      toast(t("{n} × {from} became {to}.", { n, from: missing.type, to: spec.title }));
    });
  };
  return (
    <section class="missing-item" aria-label={missing.type}>
      <p class="missing-name"><b>{missing.type}</b> <Nodes app={app} ids={missing.nodes} /></p>
      <p class="missing-from">{missing.pack ? t("From the pack {pack}", { pack: missing.pack }) : t("The file does not say which pack it comes from.")}</p>
      <div class="missing-near">
        {missing.near.length === 0 && <span class="empty">{t("Nothing here is like it.")}</span>}
        {missing.near.map((spec, i) => (
          <button key={spec.type} class="chip" title={`${spec.type} · ${spec.category}`} onClick={replace(i)}>
            {t("Replace with {title}", { title: spec.title })}
          </button>
        ))}
      </div>
    </section>
  );
}

function ChoiceLine({ app, missing, act }: { app: App; missing: MissingChoice; act: Act }): JSX.Element {
  const take = (value: string): void => {
    act(() => {
      setEverywhere(app.session.doc, app.scene.specs, missing.nodes, missing.widget, value);
    });
  };
  return (
    <section class="missing-item" aria-label={missing.value}>
      <p class="missing-name"><b>{missing.value}</b> <Nodes app={app} ids={missing.nodes} /></p>
      <p class="missing-from">{missing.title} · {missing.widget}</p>
      {missing.url && <p class="missing-url">{missing.url}</p>}
      <div class="missing-near">
        {missing.choices.length === 0 && <span class="empty">{t("The server has no file of this kind yet.")}</span>}
        {missing.near.slice(0, 3).map((value) => (
          <button key={value} class="chip" onClick={() => { take(value); }}>{t("Use {name}", { name: value })}</button>
        ))}
        {missing.choices.length > 3 && (
          <select aria-label={t("Another choice for {name}", { name: missing.value })} value="" onChange={(event) => { take(event.currentTarget.value); }}>
            <option value="" disabled>{t("Another…")}</option>
            {missing.choices.map((value) => <option key={value} value={value}>{value}</option>)}
          </select>
        )}
      </div>
    </section>
  );
}
