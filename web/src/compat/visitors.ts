/**
 * Scripts that were written for the ComfyUI page, at home here: this file sets up what they expect.
 *
 * Order at the start, as they know it: their modules run (and register), then for all of them `init`,
 * `addCustomNodeDefs`, `getCustomWidgets`, `beforeRegisterNodeDef` for each type, `registerCustomNodes`,
 * instances of the nodes that are there, `setup`.
 */
import "./compat.css";
import type { Vec } from "../canvas/camera";
import type { NodeBox } from "../canvas/layout";
import { isObject, type JsonObject } from "../model/json";
import { type NodeSpec, readSpec } from "../model/schema";
import { provideExtras } from "../model/widgets";
import type { Key } from "../model/workflow";
import type { App, Visitors } from "../shell/app";
import { submenu } from "../shell/submenu";
import type { MenuLine } from "../shell/ui";
import { ComfyApi } from "./api";
import { CanvasFace } from "./canvas";
import { ComfyApp } from "./comfyapp";
import { customMakers, makeFields } from "./comfywidgets";
import { watchDom } from "./domfields";
import { GraphFace } from "./graph";
import { insides } from "./insides";
import { linkFace } from "./links";
import { menuLines } from "./litegraph";
import { addCommand, addKeybinding, addPanel, SettingsFace } from "./manager";
import { publish } from "./modules";
import { inhabit, LGraphNode } from "./node";
import { type Loose, type NodeClass, Page } from "./page";
import { everywhere, shapesOf } from "./painting";
import { Sync } from "./sync";

/** Called with the address of a script and what it did. */
export interface Watch {
  failed(url: string, text: string): void;
  /** A script changes insides that this page does not have. */
  insides(url: string, name: string): void;
}

export class Comfy implements Visitors {
  private readonly page: Page;
  private readonly sync: Sync;
  private readonly settings: SettingsFace;
  private readonly api: ComfyApi;
  private makers: Awaited<ReturnType<typeof customMakers>> = new Map();
  private started = false;

  constructor(private readonly app: App, watch: Watch) {
    const page = (this.page = new Page(app, watch.failed));
    page.settle = () => { this.sync.run(false); };
    inhabit(page);
    page.graph = new GraphFace(page);
    page.canvas = new CanvasFace(page);
    this.settings = new SettingsFace(page);
    this.api = new ComfyApi(page);
    page.comfy = new ComfyApp(page, this.api, this.settings);
    this.sync = new Sync(page);
    page.fill = (node) => { makeFields(page, node, this.makers); };
    publish(page, this.api, (name, trace) => { watch.insides(/\/extensions\/[^\s:?)]+/.exec(trace)?.[0] ?? "", name); });
  }

  /** Everything after the modules of the scripts have run. */
  async start(): Promise<void> {
    const { page, app } = this;
    for (const extension of page.extensions) this.register(extension);
    await page.invoke("init");
    this.makers = await customMakers(page);
    const info = await this.definitions();
    await this.defineTypes(info);
    await page.invoke("registerCustomNodes");
    provideExtras((raw) => page.instances.get(raw)?.extras() ?? []);
    app.scene.plugged.shapes = (raw) => shapesOf(page.instances.get(raw));
    app.scene.plugged.everywhere = everywhere(page);
    watchDom(page);
    this.started = true;
    app.visitors = this;
    this.look();
    await page.invoke("setup");
    // A script that takes a key says so by false, or by keeping it from doing anything else.
    app.renderer.host.addEventListener("keydown", (event) => {
      if (page.call(insides(), "processKey", event) === false) event.preventDefault();
    }, { capture: true });
    app.renderer.watchers.add(() => { this.look(); });
    app.running.hearers.add((type, data) => { this.hear(type, data); });
    app.scene.rebuild();
  }

  /** What an extension says as data. */
  private register(extension: Loose): void {
    const { page } = this;
    const list = (name: string): Loose[] => (Array.isArray(extension[name]) ? (extension[name] as Loose[]) : []);
    for (const setting of list("settings")) page.guard(String(setting["id"]), () => this.settings.addSetting(setting));
    for (const command of list("commands")) addCommand(page, command);
    for (const binding of list("keybindings")) addKeybinding(page, binding);
    for (const tab of [...list("bottomPanelTabs"), ...list("sidebarTabs")]) addPanel(page, tab);
    for (const button of list("actionBarButtons")) addCommand(page, { id: `${String(extension["name"])}:${String(button["label"] ?? button["tooltip"])}`, label: button["label"] ?? button["tooltip"], function: button["onClick"] });
  }

  private async definitions(): Promise<JsonObject> {
    const info = await this.api.getNodeDefs();
    const defs = isObject(info) ? info : {};
    await this.page.invoke("addCustomNodeDefs", defs);
    return defs;
  }

  /** A class for each type of the server; each goes through the hooks of all extensions. */
  private async defineTypes(info: JsonObject): Promise<void> {
    const { page, app } = this;
    app.amendSpecs((specs) => {
      for (const [type, entry] of Object.entries(info)) if (!specs.has(type) && isObject(entry)) specs.set(type, readSpec(type, entry));
      this.amend(specs);
    });
    for (const [type, data] of Object.entries(info)) {
      if (!isObject(data)) continue;
      const made = class ComfyNode extends LGraphNode {} as unknown as NodeClass;
      Object.assign(made, { type, comfyClass: type, category: data["category"], nodeData: data });
      Object.defineProperty(made, "title", { value: String((data["display_name"] || type) as string), writable: true });
      page.types.set(type, made);
      await page.invoke("beforeRegisterNodeDef", made, data);
    }
  }

  /** Inputs of types that extensions have fields for become fields. */
  amend(specs: Map<string, NodeSpec>): void {
    if (this.makers.size === 0) return;
    for (const [type, spec] of specs) {
      if (!spec.inputs.some((input) => input.widget === null && this.makers.has(input.type))) continue;
      const inputs = spec.inputs.map((input) => (input.widget === null && this.makers.has(input.type) ? { ...input, widget: "custom" as const } : input));
      specs.set(type, { ...spec, inputs });
    }
  }

  private unfollow: () => void = () => undefined;

  /** Keep instances in step; called after every frame, and cheap if nothing changed. */
  private look(): void {
    const moved = this.sync.moved();
    this.page.rest();
    this.sync.select();
    if (!moved) return;
    this.unfollow();
    this.unfollow = this.page.doc.onChange((change) => { this.sync.follow(change); });
    this.page.gather("beforeConfigureGraph", this.page.doc.raw, [], this.page.comfy);
    this.sync.run(true);
    for (const node of this.page.nodes) this.page.call(node, "onGraphConfigured");
    for (const node of this.page.nodes) this.page.call(node, "onAfterGraphConfigured");
    this.page.gather("afterConfigureGraph", [], this.page.comfy);
  }

  private hear(type: string, data: JsonObject): void {
    const { page } = this;
    if (type === "execution_start") for (const node of page.nodes) page.call(node, "onExecutionStart");
    if (type !== "executed") return;
    const id = String((data["display_node"] ?? data["node"]) as string);
    const output = data["output"];
    if (!isObject(output)) return;
    page.outputs[id] = output;
    const node = page.graph.getNodeById(id);
    if (node) page.call(node, "onExecuted", output);
    page.gather("onNodeOutputsUpdated", page.outputs);
  }

  async prompt(): Promise<{ prompt: JsonObject; workflow: JsonObject }> {
    const { page } = this;
    this.look();
    for (const node of page.nodes) for (const face of node.widgets) page.call(face, "beforeQueued", { isPartialExecution: false });
    const { output, workflow } = (await (page.comfy["graphToPrompt"] as () => Promise<unknown>)()) as { output: JsonObject; workflow: JsonObject };
    return { prompt: output, workflow };
  }

  async queuePrompt(body: JsonObject): Promise<JsonObject> {
    const { page } = this;
    const { prompt, extra_data, ...rest } = body;
    const extra = isObject(extra_data) ? extra_data : {};
    const info = isObject(extra["extra_pnginfo"]) ? extra["extra_pnginfo"] : {};
    this.api.pending = { ...rest, extra_data: extra };
    const answer = (await this.api.queuePrompt(rest["front"] === true ? -1 : 0, { output: prompt as JsonObject, workflow: info["workflow"] as JsonObject }));
    for (const node of page.nodes) for (const face of node.widgets) page.call(face, "afterQueued", { isPartialExecution: false });
    return answer;
  }

  /** Lines that scripts add to the menu of a node. */
  nodeLines(box: NodeBox, at: Vec): (MenuLine | null)[] {
    const { page } = this;
    const node = page.instances.get(box.node);
    if (!node) return [];
    const lines: (Loose | null)[] = [];
    const given = page.call(node, "getExtraMenuOptions", page.canvas, lines);
    if (Array.isArray(given)) lines.push(...(given as Loose[]));
    lines.push(...(page.gather("getNodeMenuItems", node).flat() as Loose[]));
    return menuLines(page, lines, { node, extra: node }, at);
  }

  /** A press on a wire; true if a script sees to it. */
  wirePressed(key: Key): boolean {
    const { page } = this;
    return page.call(insides(), "showLinkMenu", linkFace(page, key), null) !== undefined;
  }

  /** Lines that scripts add to the menu of the ground. */
  groundLines(at: Vec): (MenuLine | null)[] {
    const { page } = this;
    const own = page.call(insides(), "getCanvasMenuOptions");
    const lines = [...(Array.isArray(own) ? (own as Loose[]) : []), ...(page.gather("getCanvasMenuItems", page.canvas).flat() as Loose[])];
    const made = menuLines(page, lines, {}, at);
    return made.length > 6 ? [submenu("Extensions…", () => at, () => made)] : made;
  }

  /** What an extension has added, for the list of extensions. */
  views(names: ReadonlySet<string>): ReturnType<SettingsFace["views"]> {
    const own = this.page.extensions.filter((extension) => names.has(String(extension["name"])));
    const listed = new Set(own.flatMap((extension) => (Array.isArray(extension["settings"]) ? (extension["settings"] as Loose[]) : [])));
    return this.settings.views((setting) => listed.has(setting));
  }

  get ready(): boolean { return this.started; }
  get names(): string[] { return this.page.extensions.map((extension) => String(extension["name"])); }
}
