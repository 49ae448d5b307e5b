/** The user's library of subgraphs: files under `subgraphs/` of the user folder. */
import { t } from "../i18n";
import { HEADER } from "../canvas/layout";
import { blueprintOf, insertBlueprint } from "../model/blueprints";
import { isObject, type Json, type JsonObject } from "../model/json";
import { titleOf } from "../model/prompt";
import { asWorkflow } from "../model/workflow";
import type { Command } from "../input/commands";
import type { App } from "./app";
import { sentenceOf, toast, ui } from "./ui";

const FOLDER = "subgraphs";

export function libraryCommands(app: App): Command[] {
  const chosen = (): string => app.workspace.selected()[0] ?? "";
  const isInstance = (): boolean => {
    const box = app.scene.boxes.get(chosen());
    return box !== undefined && app.scene.isInstance(box);
  };
  return [
    { id: "keep-subgraph", title: "Keep the subgraph in the library", group: "Workflow", enabled: isInstance, run: () => void keep(app, chosen()) },
    { id: "insert-subgraph", title: "Insert a subgraph of the library…", group: "Edit", run: () => void offer(app) },
  ];
}

const fileUrl = (name: string): string => `userdata/${encodeURIComponent(`${FOLDER}/${name}`)}`;

/** Save an instance under its title; a subgraph of that name is replaced. */
async function keep(app: App, key: string): Promise<void> {
  const node = app.scene.doc.node(key);
  const blueprint = blueprintOf(app.scene.doc, key);
  if (!node || !blueprint) return;
  const name = titleOf(node, app.scene.specs).replace(/[/\\:*?"<>|]/g, " ").trim() || t("Subgraph");
  try {
    await app.client.json(`${fileUrl(`${name}.json`)}?overwrite=true`, "POST", blueprint as JsonObject);
    toast(t('Kept as "{name}" in the library of subgraphs.', { name }));
  } catch (error) {
    toast(sentenceOf(error), "error");
  }
}

/** A menu of what the library holds, where the pointer is. */
async function offer(app: App): Promise<void> {
  const at = app.workspace.here();
  const found = await app.client.json(`userdata?dir=${FOLDER}&recurse=true`).catch((): Json => []);
  const names = (Array.isArray(found) ? found : []).map(nameOf).filter((name) => name.endsWith(".json"));
  if (names.length === 0) {
    toast(t("The library has no subgraphs yet. Select one and choose: Keep the subgraph in the library."));
    return;
  }
  const lines = names.map((name) => ({ title: name.replace(/\.json$/, ""), run: () => void insert(app, name, at) }));
  ui.menu.value = { at: app.renderer.camera.toScreen(at), lines };
}

const nameOf = (entry: Json): string =>
  String((isObject(entry) ? (entry["path"] ?? "") : entry) as string).replace(`${FOLDER}/`, "");

async function insert(app: App, name: string, at: { x: number; y: number }): Promise<void> {
  try {
    const blueprint = asWorkflow(await app.client.json(fileUrl(name)));
    app.workspace.select([insertBlueprint(app.scene.doc, blueprint, at.x, at.y + HEADER / 2)]);
  } catch (error) {
    toast(sentenceOf(error), "error");
  }
}
