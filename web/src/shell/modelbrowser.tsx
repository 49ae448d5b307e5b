/** The server's models by folder: size, date, picture, what a trainer wrote; to be dragged out. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { App } from "./app";
import { Icon } from "./icons";
import { MODEL_DRAG, placeModel } from "./placing";
import { readableSize } from "./sizes";
import { sentenceOf, toast } from "./ui";

interface ModelFile {
  kind: string;
  name: string;
  pathIndex: number;
  size: number;
  modified: number;
}

const rows = (value: Json): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Every file of every folder that has some. */
async function allModels(app: App): Promise<ModelFile[]> {
  const kinds = rows(await app.client.json("experiment/models")).map((folder) => String(folder["name"] as string));
  const lists = await Promise.all(kinds.map(async (kind) => {
    const files = rows(await app.client.json(`experiment/models/${encodeURIComponent(kind)}`).catch(() => null));
    return files.map((file) => ({ ...(file as unknown as Omit<ModelFile, "kind">), kind }));
  }));
  return lists.flat();
}

export function Models({ app }: { app: App }): JSX.Element {
  const files = useSignal<readonly ModelFile[] | null>(null);
  const query = useSignal("");
  const look = (): void => {
    allModels(app).then(
      (found) => (files.value = found),
      (error: unknown) => {
        files.value = [];
        toast(sentenceOf(error), "error");
      },
    );
  };
  useEffect(look, []);
  const words = query.value.toLowerCase().split(/\s+/);
  const shown = (files.value ?? []).filter((file) => words.every((word) => `${file.kind} ${file.name}`.toLowerCase().includes(word)));
  const kinds = [...new Set(shown.map((file) => file.kind))];
  return (
    <>
      <input
        class="library-search" type="search" placeholder={t("Search models")} aria-label={t("Search models")}
        value={query.value} onInput={(event) => (query.value = event.currentTarget.value)}
      />
      {files.value === null && <p class="empty" role="status">{t("Looking…")}</p>}
      {files.value !== null && shown.length === 0 && <p class="empty">{query.value ? t("Nothing matches.") : t("The model folders of the server are empty.")}</p>}
      {kinds.map((kind) => (
        <section key={kind} aria-label={kind}>
          <h3>{kind}</h3>
          {shown.filter((file) => file.kind === kind).map((file) => <Line key={file.name} app={app} file={file} />)}
        </section>
      ))}
      {files.value !== null && <button class="text-button all" onClick={look}>{t("Look again")}</button>}
    </>
  );
}

function Line({ app, file }: { app: App; file: ModelFile }): JSX.Element {
  const facts = useSignal<readonly [string, string][] | null>(null);
  const { kind, name } = file;
  const date = new Date(file.modified * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
  const about = async (): Promise<void> => {
    facts.value = facts.value ? null : await metadataOf(app, file);
  };
  return (
    <>
      <div class="library-line">
        <button
          class="library-node model" draggable title={t("Click to add its loader, or drag it onto the canvas")}
          onDragStart={(event) => event.dataTransfer?.setData(MODEL_DRAG, JSON.stringify({ kind, name }))}
          onClick={() => void placeModel(app, { kind, name }, null)}
        >
          <Thumb app={app} file={file} />
          <span>{name}<small>{readableSize(file.size)} · {date}</small></span>
        </button>
        {/\.(safetensors|sft)$/.test(name) && (
          <button class="tool" aria-label={t("Facts about {name}", { name })} aria-expanded={facts.value !== null} onClick={() => void about()}>
            <Icon name="info" size={14} />
          </button>
        )}
      </div>
      {facts.value && (
        <dl class="model-facts">
          {facts.value.length === 0 && <dd>{t("The file says nothing about itself.")}</dd>}
          {facts.value.map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{value}</dd></div>)}
        </dl>
      )}
    </>
  );
}

const FACTS = 24;
const FACT_LENGTH = 200;

/** What a trainer wrote into the file, each value cut to a line or two. */
async function metadataOf(app: App, { kind, name }: ModelFile): Promise<[string, string][]> {
  const path = `view_metadata/${encodeURIComponent(kind)}?filename=${encodeURIComponent(name)}`;
  const found = await app.client.json(path).catch(() => null);
  const entries = isObject(found) ? Object.entries(found) : [];
  return entries.slice(0, FACTS).map(([key, value]) => [key, (typeof value === "string" ? value : JSON.stringify(value)).slice(0, FACT_LENGTH)]);
}

function Thumb({ app, file }: { app: App; file: ModelFile }): JSX.Element {
  const broken = useSignal(false);
  const url = app.client.modelPicture(file.kind, file.pathIndex, file.name);
  if (broken.value) return <span class="model-thumb"><Icon name="image" size={16} /></span>;
  return <img class="model-thumb" src={url} alt="" loading="lazy" onError={() => (broken.value = true)} />;
}
