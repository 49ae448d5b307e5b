/** The object `app` of scripts. */
import { t } from "../i18n";
import { asWorkflow } from "../model/workflow";
import type { Json, JsonObject } from "../model/json";
import { buildPrompt } from "../model/prompt";
import { ui } from "../shell/ui";
import type { ComfyApi } from "./api";
import { asJson } from "./live";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";
import { makeManager, type SettingsFace } from "./manager";
import { makeUi } from "./page_ui";

export class ComfyApp {
  [key: string]: unknown;
  readonly extensionManager: Loose;
  readonly ui: Loose;
  readonly vueAppReady = true;
  readonly isGraphReady = true;
  readonly nodePreviewImages: Loose = {};
  readonly lastNodeErrors = null;
  readonly lastExecutionError = null;
  readonly bypassBgColor = "#FF00FF";
  readonly menu: Loose;
  widgets: Loose = {};
  dragOverNode: LGraphNode | null = null;
  static clipspace: unknown = null;

  constructor(private readonly page: Page, readonly api: ComfyApi, settings: SettingsFace) {
    Object.defineProperty(this, "page", { enumerable: false });
    this.extensionManager = makeManager(page, settings);
    this.ui = makeUi(page, settings);
    this.menu = { element: document.createElement("div"), settingsGroup: { append: (): void => undefined, insert: (): void => undefined } };
  }

  get graph(): unknown { return this.page.graph; }
  get rootGraph(): unknown { return this.page.graph; }
  get canvas(): unknown { return this.page.canvas; }
  get canvasEl(): unknown { return this.page.canvas.canvas; }
  get canvasContainer(): unknown { return this.page.app.renderer.host; }
  get ctx(): unknown { return this.page.canvas.ctx; }
  get extensions(): Loose[] { return this.page.extensions; }
  get nodeOutputs(): Loose { return this.page.outputs; }
  get runningNodeId(): unknown { return this.page.nodes.find(({ id }) => this.page.app.scene.mark(String(id)).state === "running")?.id ?? null; }
  get configuringGraph(): boolean { return this.page.quiet > 0; }

  registerExtension(extension: Loose): void {
    if (!extension["name"]) throw new Error(t("An extension needs a name."));
    if (this.page.extensions.some((known) => known["name"] === extension["name"])) throw new Error(t("There is an extension {name} already.", { name: String(extension["name"]) }));
    this.page.extensions.push(extension);
  }
  async setup(): Promise<void> { await Promise.resolve(); }

  async loadGraphData(...[data, , , workflow]: unknown[]): Promise<void> {
    await this.page.invoke("beforeConfigureGraph", data, []);
    const named = typeof workflow === "string" ? workflow : workflow && typeof workflow === "object" ? String((workflow as Loose)["filename"] ?? "") : "";
    this.page.app.openWorkflow(asWorkflow(asJson(data)), named || "Workflow");
  }
  loadApiJson(data: unknown, name = "prompt.json"): void {
    void this.handleFile(new File([JSON.stringify(data)], name, { type: "application/json" }));
  }
  handleFile(file: File): Promise<void> { return this.page.app.files.drop([file], this.page.app.workspace.pointer); }

  /** The prompt of the whole file, and the workflow that goes with it. Scripts wrap this. */
  async graphToPrompt(): Promise<{ workflow: JsonObject; output: JsonObject }> {
    const { page } = this;
    const { session, scene } = page.app;
    for (const node of page.nodes) if (node.isVirtualNode === true) page.call(node, "applyToGraph");
    for (const node of page.nodes) for (const field of node.fields()) field.pull();
    const output = asJson(buildPrompt(session.doc, scene.specs, Math.random)) as JsonObject;
    for (const node of page.nodes) {
      const entry = output[scene.path + String(node.id)] as { inputs: JsonObject } | undefined;
      if (!entry) continue;
      for (const [at, field] of node.fields().entries()) {
        if (typeof field.face["serializeValue"] !== "function" || node.inputs.some((slot) => slot.name === field.name && slot.link != null)) continue;
        const value = await Promise.resolve(page.call(field.face, "serializeValue", node, at));
        if (value !== undefined) entry.inputs[field.name] = wrapped(asJson(value));
      }
    }
    const workflow = scene.path === "" ? page.graph.serialize() : (structuredClone(session.doc.file) as JsonObject);
    return { workflow, output };
  }

  async queuePrompt(number = 0, count = 1): Promise<boolean> {
    ui.runCount.value = Math.max(1, count);
    await this.page.app.running.run(number === -1);
    return true;
  }

  async refreshComboInNodes(): Promise<void> {
    await this.page.app.loadSpecs();
    await this.page.invoke("refreshComboInNodes", Object.fromEntries(this.page.types));
  }
  registerNodeDef(): Promise<void> { return this.page.app.loadSpecs(); }
  registerNodes(): Promise<void> { return this.page.app.loadSpecs(); }
  registerNodesFromDefs(): Promise<void> { return this.page.app.loadSpecs(); }
  getNodeDefs(): Promise<Json> { return this.api.getNodeDefs(); }
  clean(): void { /* Every document has its own results. */ }
  getPreviewFormatParam(): string { return ""; }
  getRandParam(): string { return `&rand=${String(Math.random())}`; }
  onClipspaceEditorSave(): void { /* Masks go to their node when the editor is closed. */ }
  static isImageNode(node: LGraphNode | null): boolean { return node?.imgs != null || (node?.widgets.some((face) => face["name"] === "image") ?? false); }

  clientPosToCanvasPos([x, y]: [number, number]): [number, number] {
    return this.page.canvas.convertEventToCanvasOffset({ clientX: x, clientY: y } as MouseEvent);
  }
  canvasPosToClientPos([x, y]: [number, number]): [number, number] {
    const { camera, host } = this.page.app.renderer;
    const box = host.getBoundingClientRect();
    return [box.left + (x - camera.x) * camera.scale, box.top + (y - camera.y) * camera.scale];
  }
}

const wrapped = (value: Json): Json => (Array.isArray(value) && !isLink(value) ? { __value__: value } : value);
/** A node and a slot: scripts may name a wire themselves. */
const isLink = (value: readonly Json[]): boolean => value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";
