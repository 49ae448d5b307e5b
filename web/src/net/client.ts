/** The server's HTTP interface, addressed relative to the page so that sub-paths work. */
import { t } from "../i18n";
import { isObject, type Json, type JsonObject, parseJson, stringifyJson } from "../model/json";
import type { Bodies, Uploaded, UserFile } from "./api";

/** A file the server keeps, as events and history name it. */
export interface FileRef {
  filename: string;
  subfolder: string;
  type: string;
}

/** An answer that is no success; `body` is its JSON where it had one. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: Json,
  ) {
    super(message);
  }
}

export type StoredFile = UserFile;

const field = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) ? value[name] : undefined;

export class Client {
  /** `page` is the address of the page; `user` goes with every call. */
  constructor(private readonly page: string) {}

  url(path: string): string {
    return new URL(`api/${path}`, this.page).href;
  }

  socketUrl(clientId: string): string {
    const url = new URL(`ws?clientId=${encodeURIComponent(clientId)}`, this.page);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  /** Address of a picture; `version` keeps a browser from showing an older file of that name. */
  viewUrl(ref: FileRef, version = ""): string {
    const query = new URLSearchParams({ filename: ref.filename, subfolder: ref.subfolder, type: ref.type });
    if (version) query.set("v", version.slice(0, 8));
    return this.url(`view?${query.toString()}`);
  }

  /** Address of the picture of a model, in one of the roots of its folder. */
  modelPicture(kind: string, root: number, name: string): string {
    const path = name.split("/").map(encodeURIComponent).join("/");
    return this.url(`experiment/models/preview/${encodeURIComponent(kind)}/${String(root)}/${path}`);
  }

  objectInfo(): Promise<Json> {
    return this.json("object_info");
  }

  /** Queue a prompt; a refusal is a ServerError whose body has `node_errors`. */
  async queuePrompt(body: JsonObject): Promise<JsonObject> {
    return asObject(await this.json("prompt", "POST", body));
  }

  async clearQueue(): Promise<void> {
    await this.json("queue", "POST", { clear: true } satisfies Bodies["POST /queue"]);
  }

  /** Stop a job; without an id whatever runs now. */
  async interrupt(id: string | null): Promise<void> {
    const body: Bodies["POST /interrupt"] = id === null ? {} : { prompt_id: id };
    await this.json("interrupt", "POST", { ...body });
  }

  async history(count: number): Promise<JsonObject> {
    return asObject(await this.json(`history?max_items=${String(count)}`));
  }

  async historyOf(id: string): Promise<JsonObject | null> {
    const answer = await this.json(`history/${encodeURIComponent(id)}`);
    const entry = field(answer, id);
    return isObject(entry) ? entry : null;
  }

  /** Upload a picture into the input folder; returns the name its widget takes. */
  async upload(file: File): Promise<string> {
    const form = new FormData();
    form.append("image", file, file.name);
    const answer = asObject(await this.call("upload/image", { method: "POST", body: form })) as unknown as Uploaded;
    return answer.subfolder ? `${answer.subfolder}/${answer.name}` : answer.name;
  }

  /** Store a mask (its alpha is what stays) on a picture; returns the picture that has it. */
  async uploadMask(mask: Blob, name: string, original: FileRef): Promise<FileRef> {
    const form = new FormData();
    form.append("image", mask, name);
    form.append("original_ref", JSON.stringify(original));
    form.append("type", "input");
    form.append("subfolder", "clipspace");
    const answer = asObject(await this.call("upload/mask", { method: "POST", body: form })) as unknown as Uploaded;
    return { filename: answer.name, subfolder: answer.subfolder, type: answer.type };
  }

  /** Saved workflows, newest first; an empty list before the first one is saved. */
  async workflows(): Promise<StoredFile[]> {
    try {
      const answer = await this.json("userdata?dir=workflows&recurse=true&full_info=true");
      const files = (Array.isArray(answer) ? answer : []) as unknown as UserFile[];
      return files.filter((f) => f.path.endsWith(".json")).sort((a, b) => b.modified - a.modified);
    } catch (error) {
      if (error instanceof ServerError && error.status === 404) return [];
      throw error;
    }
  }

  async deleteWorkflow(path: string): Promise<void> {
    await this.call(`userdata/${encodeURIComponent(`workflows/${path}`)}`, { method: "DELETE" });
  }

  /** Any other call, relative to the interface. */
  json(path: string, method = "GET", body?: JsonObject): Promise<Json> {
    if (!body) return this.call(path, { method });
    const headers = { "Content-Type": "application/json" };
    return this.call(path, { method, headers, body: stringifyJson(body) });
  }

  private async call(path: string, init: RequestInit): Promise<Json> {
    let response: Response;
    try {
      response = await fetch(this.url(path), init);
    } catch {
      throw new ServerError(t("The server does not answer. Is it still running?"), 0, null);
    }
    if (response.status === 401) signIn(this.page);
    const text = await response.text();
    const body = parsed(text);
    if (response.ok) return body;
    const message = field(field(body, "error"), "message") ?? (text.length < 200 && text !== "" ? text : null);
    const said = typeof message === "string" ? message : t("The server refused {path}", { path: path.split("?")[0] ?? path });
    throw new ServerError(`${said} (${String(response.status)})`, response.status, body);
  }
}

/** The sign-in has run out, or the server has accounts now: ask there, and come back here. */
function signIn(page: string): void {
  if (typeof location !== "undefined") location.assign(new URL(`login?next=${encodeURIComponent(location.search)}`, page));
}

function parsed(text: string): Json {
  try {
    return text === "" ? null : parseJson(text);
  } catch {
    return null;
  }
}

const asObject = (value: Json): JsonObject => (isObject(value) ? value : {});

/** Pictures in a node's UI output. */
export const imagesOf = (output: Json | undefined): FileRef[] => filesOf(output, "images");

/** Files under one key of a node's UI output. */
export function filesOf(output: Json | undefined, key: string): FileRef[] {
  const images = field(output, key);
  if (!Array.isArray(images)) return [];
  return images.filter(isObject).map((ref) => ({
    filename: String((ref["filename"] as string | undefined) ?? ""),
    subfolder: String((ref["subfolder"] as string | undefined) ?? ""),
    type: String((ref["type"] as string | undefined) ?? "output"),
  }));
}
