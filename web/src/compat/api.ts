/**
 * The object `api` of scripts: the server's routes, and its events.
 *
 * Every event of the socket is dispatched, also those that only a pack knows.
 */
import type { Json, JsonObject } from "../model/json";
import { stringifyJson } from "../model/json";
import { sentenceOf } from "../shell/ui";
import type { Loose, Page } from "./page";

/** What an event carries, where it is not the data of the message. */
const DETAILS: Readonly<Record<string, (data: JsonObject) => unknown>> = {
  status: (data) => data["status"],
  executing: (data) => data["display_node"] ?? data["node"],
};

export class ComfyApi extends EventTarget {
  [key: string]: unknown;
  readonly api_base: string;
  readonly clientId: string;
  readonly initialClientId: string;
  user = "";
  socket: unknown = null;
  /** The job that scripts were told of last. */
  private running: string | null = null;

  constructor(private readonly page: Page) {
    super();
    this.api_base = new URL(".", document.baseURI).pathname.replace(/\/$/, "");
    this.clientId = this.initialClientId = page.app.tab;
    Object.defineProperty(this, "page", { enumerable: false });
    page.app.running.hearers.add((type, data) => { this.hear(type, data); });
    page.app.running.watchers.add((blob) => { this.dispatch("b_preview", blob); });
  }

  private hear(type: string, data: JsonObject): void {
    if (type === "execution_start") this.running = String(data["prompt_id"]);
    const detail = DETAILS[type];
    this.dispatch(type, detail ? detail(data) : data);
    if (type === "executing" && data["node"] == null) this.running = null;
  }

  dispatch(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
  dispatchCustomEvent(type: string, detail?: unknown): void { this.dispatch(type, detail); }
  addCustomEventListener(type: string, listener: EventListener): void { this.addEventListener(type, listener); }
  removeCustomEventListener(type: string, listener: EventListener): void { this.removeEventListener(type, listener); }

  apiURL(route: string): string { return `${this.api_base}/api${route}`; }
  internalURL(route: string): string { return `${this.api_base}/internal${route}`; }
  fileURL(route: string): string { return this.api_base + route; }
  fetchApi(route: string, options?: RequestInit): Promise<Response> {
    return fetch(this.apiURL(route), { cache: "no-cache", ...options });
  }

  private async json(route: string, method = "GET", body?: unknown): Promise<Json> {
    const answer = await this.fetchApi(route, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }) });
    return answer.status === 204 ? null : ((await answer.json().catch(() => null)) as Json);
  }

  /** Send a prompt; scripts wrap this to change it on its way. */
  async queuePrompt(number: number, { output, workflow }: { output: JsonObject; workflow: JsonObject }, options: Loose = {}): Promise<JsonObject> {
    const body: JsonObject = { client_id: this.clientId, prompt: output, extra_data: { extra_pnginfo: { workflow } }, ...(this.pending ?? {}), ...(options as JsonObject) };
    if (this.pending) body["extra_data"] = { ...(this.pending["extra_data"] as JsonObject), extra_pnginfo: { workflow } };
    this.pending = null;
    if (number === -1) body["front"] = true;
    return this.page.app.client.queuePrompt(JSON.parse(stringifyJson(body)) as JsonObject);
  }
  /** What the page itself says of the prompt that is being sent: its id, whether it goes first. */
  pending: JsonObject | null = null;

  getNodeDefs(): Promise<Json> { return this.json("/object_info"); }
  getExtensions(): Promise<Json> { return this.json("/extensions"); }
  getEmbeddings(): Promise<Json> { return this.json("/embeddings"); }
  getSystemStats(): Promise<Json> { return this.json("/system_stats"); }
  getModelFolders(): Promise<Json> { return this.json("/experiment/models"); }
  getModels(folder: string): Promise<Json> { return this.json(`/experiment/models/${encodeURIComponent(folder)}`); }
  getLogs(): Promise<Json> { return this.json("/internal/logs"); }
  async viewMetadata(folder: string, file: string): Promise<Json> {
    return this.json(`/view_metadata/${encodeURIComponent(folder)}?filename=${encodeURIComponent(file)}`);
  }
  async getQueue(): Promise<unknown> {
    const { queue_running = [], queue_pending = [] } = (await this.json("/queue")) as Record<string, Json[]>;
    return { Running: queue_running.map((prompt) => ({ prompt })), Pending: queue_pending.map((prompt) => ({ prompt })) };
  }
  async getHistory(most = 200): Promise<unknown> {
    return { History: Object.values((await this.json(`/history?max_items=${String(most)}`)) as Loose) };
  }
  getItems(type: string): Promise<unknown> { return type === "queue" ? this.getQueue() : this.getHistory(); }
  async deleteItem(type: string, id: string): Promise<void> { await this.json(`/${type}`, "POST", { delete: [id] }); }
  async clearItems(type: string): Promise<void> { await this.json(`/${type}`, "POST", { clear: true }); }
  async interrupt(id: string | null = this.running): Promise<void> { await this.page.app.client.interrupt(id); }
  async freeMemory(options: Loose = {}): Promise<void> {
    await this.json("/free", "POST", { unload_models: true, free_memory: options["freeExecutionCache"] === true });
  }

  getSettings(): Promise<Json> { return this.json("/settings"); }
  getSetting(id: string): Promise<Json> { return this.json(`/settings/${encodeURIComponent(id)}`); }
  async storeSettings(settings: Loose): Promise<void> { await this.json("/settings", "POST", settings); }
  async storeSetting(id: string, value: unknown): Promise<void> { await this.json(`/settings/${encodeURIComponent(id)}`, "POST", value ?? null); }

  getUserData(file: string, options?: RequestInit): Promise<Response> {
    return this.fetchApi(`/userdata/${encodeURIComponent(file)}`, options);
  }
  async storeUserData(file: string, data: unknown, options: Loose = {}): Promise<Response> {
    const { stringify = true, overwrite = true, throwOnError = true } = options;
    const query = `overwrite=${String(overwrite)}&full_info=${String(options["full_info"] ?? false)}`;
    const body = stringify === true && typeof data !== "string" ? JSON.stringify(data) : (data as BodyInit);
    const answer = await this.fetchApi(`/userdata/${encodeURIComponent(file)}?${query}`, { method: "POST", body });
    if (!answer.ok && throwOnError === true) throw new Error(`${file}: ${answer.statusText}`);
    return answer;
  }
  deleteUserData(file: string): Promise<Response> { return this.fetchApi(`/userdata/${encodeURIComponent(file)}`, { method: "DELETE" }); }
  moveUserData(from: string, to: string): Promise<Response> {
    return this.fetchApi(`/userdata/${encodeURIComponent(from)}/move/${encodeURIComponent(to)}`, { method: "POST" });
  }
  async listUserDataFullInfo(folder: string): Promise<Json> {
    return this.json(`/userdata?dir=${encodeURIComponent(folder)}&recurse=true&split=false&full_info=true`);
  }
  getServerFeatures(): Promise<Json> { return this.json("/features"); }
  serverSupportsFeature(): boolean { return false; }
}

/** An error of a prompt that the server refused, as scripts catch it. */
export class PromptExecutionError extends Error {
  constructor(readonly response: unknown) {
    super(sentenceOf(response));
  }
}
