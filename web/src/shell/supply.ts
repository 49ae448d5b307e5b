/** What lists on nodes show beside their words: pictures of models and inputs, choices of routes. */
import { t } from "../i18n";
import { isObject, type Json, type JsonObject, parseJson } from "../model/json";
import { hasUpload } from "../model/widgets";
import { choicesIn, remoteCall } from "../widgets/choices";
import type { Supply } from "../widgets/editor";
import type { App } from "./app";

const MODEL = /\.(safetensors|sft|ckpt|pth?|bin|gguf)$/i;
const THUMB = "&preview=webp;60";

type Places = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function supplyOf(app: App): Supply {
  const kept = new Map<string, { at: number; choices: readonly Json[] }>();
  return {
    pictures: async (input) => {
      if (input.options["image_upload"] === true && hasUpload(input)) return (value) => app.inputUrl(value) + THUMB;
      const names = input.choices.filter((one): one is string => typeof one === "string" && MODEL.test(one));
      return names.length > 0 ? modelPictures(app, names) : null;
    },
    choices: async (input, again) => {
      const call = remoteCall(input, document.baseURI);
      if (!call) throw new Error(t("{name} asks another host for its choices; only this server is asked.", { name: input.name }));
      const old = kept.get(call.url);
      if (old && !again && performance.now() - old.at < call.keep) return old.choices;
      const choices = choicesIn(input, await answerOf(call));
      kept.set(call.url, { at: performance.now(), choices });
      return choices;
    },
  };
}

async function answerOf({ url, timeout, tries }: NonNullable<ReturnType<typeof remoteCall>>): Promise<Json> {
  for (let left = tries; ; left--) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: "error" });
      if (response.ok) return parseJson(await response.text());
      throw new Error(t("The server refused {path}", { path: new URL(url).pathname }));
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

/** The folder that holds most of the names; its files have the pictures. */
async function modelPictures(app: App, names: readonly string[]): ReturnType<Supply["pictures"]> {
  const places = await placesOf(app).catch((): Places => new Map());
  const hits = [...places].map(([kind, files]) => ({ kind, files, n: names.filter((name) => files.has(name)).length }));
  const best = hits.sort((a, b) => b.n - a.n)[0];
  if (!best || best.n === 0) return null;
  return (name) => {
    const index = best.files.get(name);
    return index === undefined ? null : app.client.modelPicture(best.kind, index, name);
  };
}

const rows = (value: Json): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** By folder: the number of the root that each file is in. */
async function placesOf(app: App): Promise<Places> {
  const kinds = rows(await app.client.json("experiment/models")).map((folder) => String(folder["name"] as string));
  const lists = await Promise.all(kinds.map(async (kind) => {
    const files = rows(await app.client.json(`experiment/models/${encodeURIComponent(kind)}`).catch(() => null));
    return [kind, new Map(files.map((file) => [String(file["name"] as string), Number(file["pathIndex"])]))] as const;
  }));
  return new Map(lists);
}
