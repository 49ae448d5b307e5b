/** The application: one place where canvas, network and panels are joined. */
import { t } from "../i18n";
import type { Vec } from "../canvas/camera";
import { Images } from "../canvas/images";
import type { NodeBox } from "../canvas/layout";
import { Renderer } from "../canvas/renderer";
import { Scene } from "../canvas/scene";
import { forgetText } from "../canvas/text";
import { cssVariables, type Theme } from "../canvas/theme";
import { canvasCommands, Commands } from "../input/commands";
import { axesOf } from "../model/axes";
import { PointerMachine } from "../input/pointer";
import { Workspace } from "../input/workspace";
import { definitionPaths, type Document } from "../model/document";
import { emptyWorkflow } from "../model/factory";
import { opensAsForm } from "../model/form";
import { type JsonObject, parseJson, stringifyJson } from "../model/json";
import { type NodeSpec, readSpecs } from "../model/schema";
import { withVirtual } from "../model/virtual";
import type { Key, Workflow } from "../model/workflow";
import { bigStore } from "../net/bigstore";
import { Client } from "../net/client";
import type { Meta } from "../net/journal";
import { MemoryPapers, type PaperDb } from "../net/paperdb";
import { painter } from "../widgets/paint";
import { Channel, separate } from "./channel";
import type { Comparing } from "./comparing";
import { Files } from "./files";
import { Forecaster } from "./forecaster";
import { tabId, uuid } from "./identity";
import { leaveGone, showLevel } from "./levels";
import { wantedMap } from "./minimap";
import { contextMenu } from "./menus";
import { type Desk, freshMeta, Papers, type Session } from "./papers";
import { Running } from "./running";
import { Saving } from "./saving";
import { Settings } from "./settings";
import { shellCommands } from "./shellcommands";
import { watchPlayers } from "../widgets/players";
import { supplyOf } from "./supply";
import { type MenuLine, sentenceOf, shownAt, toast, ui } from "./ui";

/** Below this width a whole graph is too small to read. */
const NARROW = 720;
const TOP_MARGIN = 40;

/** Scripts that were written for the ComfyUI page, and what they take part in. */
export interface Visitors {
  /** Change the node types: inputs that a script has a field for. */
  amend(specs: Map<string, NodeSpec>): void;
  /** The prompt and the workflow beside it, after every script had its say. */
  prompt(): Promise<{ prompt: JsonObject; workflow: JsonObject }>;
  /** Send a prompt by way of the scripts. */
  queuePrompt(body: JsonObject): Promise<JsonObject>;
  /** A press on a wire; true if a script sees to it. */
  wirePressed(key: Key): boolean;
  nodeLines(box: NodeBox, at: Vec): (MenuLine | null)[];
  groundLines(at: Vec): (MenuLine | null)[];
}

export class App {
  readonly client = new Client(document.baseURI);
  readonly tab = tabId();
  readonly papers: Papers;
  readonly scene: Scene;
  readonly renderer: Renderer;
  readonly workspace: Workspace;
  readonly pointer: PointerMachine;
  readonly commands = new Commands();
  readonly running: Running;
  readonly saving: Saving;
  readonly forecaster: Forecaster;
  readonly settings: Settings;
  readonly files: Files;
  readonly channel: Channel;
  /** There once something was compared; its code comes then. */
  comparing: Comparing | null = null;
  /** Null without such scripts. */
  visitors: Visitors | null = null;
  private types = withVirtual(new Map());
  /** The document on the canvas came with a view of its own. */
  hadView = false;
  /** Nothing is on the canvas before the start has chosen what, so there is no view to remember. */
  private shown = false;
  private viewTimer = 0;

  /** `host` holds the canvases and takes the focus. */
  constructor(
    host: HTMLElement,
    first: { doc: Document; meta: Meta },
    readonly store: PaperDb | MemoryPapers = new MemoryPapers(),
  ) {
    this.papers = new Papers(store, this.desk(), first);
    this.channel = new Channel(this.tab, {
      taken: () => void separate(this),
      saved: (path, etag) => void this.saving.elsewhere(path, etag),
    });
    this.renderer = new Renderer(host, painter);
    const images = new Images((url) => {
      this.scene.touchPicture(url);
    });
    const theme = ui.theme.value;
    this.scene = new Scene(first.doc, withVirtual(new Map()), theme, images, (value) => this.inputUrl(value), (layer) => {
      this.renderer.ask(layer, layer === "overlay");
    });
    this.workspace = new Workspace(this.scene, this.renderer, editorLayer(host), this.doors());
    ui.map.value = wantedMap();
    this.pointer = new PointerMachine(this.workspace, host);
    this.running = new Running(this);
    this.saving = new Saving(this);
    this.forecaster = new Forecaster(this);
    this.settings = new Settings(this);
    this.files = new Files(this);
    this.commands.add(...canvasCommands(this.workspace), ...shellCommands(this));
    this.renderer.attach(this.scene);
    watchPlayers(this.renderer, () => this.scene, this.workspace.editors, () => ui.running.value || matchMedia("(prefers-reduced-motion: reduce)").matches);
    this.watchCamera();
  }

  /** The document on the canvas. */
  get session(): Session {
    return this.papers.active;
  }

  openWorkflow(raw: Workflow, name: string, path: string | null = null, etag: string | null = null): Session {
    const session = this.papers.add(raw, freshMeta(name, path, etag));
    ui.form.value = opensAsForm(session.doc);
    // Looked at once it is on the canvas; without the server's list everything would be missing.
    if (this.knowsTypes && raw.nodes.length > 0) void import("./missing").then(({ askWhatIsMissing }) => {
      if (this.session === session && ui.dialog.value === null) void askWhatIsMissing(this);
    });
    return session;
  }

  /** Show what differs between the shown document and another version. */
  async compareWith(name: string, raw: Workflow): Promise<void> {
    (await this.comparer()).start(name, raw);
  }

  async comparer(): Promise<Comparing> {
    const { Comparing } = await import("./comparing");
    return (this.comparing ??= new Comparing(this));
  }

  closePaper(session: Session): void {
    this.papers.close(session, () => emptyWorkflow(uuid()));
  }

  /** Change what is remembered about a document. */
  remember(part: Partial<Meta>, session = this.session): void {
    Object.assign(session.meta, part);
    session.journal.writeMeta();
    this.showMeta();
  }

  private desk(): Desk {
    let shown: Session | null = null;
    return {
      tab: this.tab,
      show: (session) => {
        this.workspace.closeEditor();
        ui.form.value = false;
        if (shown) shown.selection = [...this.scene.selection];
        shown = session;
        clearTimeout(this.viewTimer);
        this.scene.open(session.doc, session.marks);
        ui.trail.value = [];
        for (const key of session.selection) this.scene.selection.add(key);
        this.hadView = session.meta.view !== null;
        this.shown = true;
        this.restoreView();
        this.running.show(session);
        this.forecaster.reset();
        this.comparing?.show();
        this.showMeta();
      },
      opened: (session) => {
        this.running.adopt(session);
      },
      changed: (session, change) => {
        this.running.forget(session, change.ops);
        leaveGone(this);
        if (session.meta.saved) this.remember({ saved: false }, session);
        this.saving.later(session);
        if (session === this.session) this.forecaster.later();
        this.showMeta();
      },
    };
  }

  setTheme(theme: Theme): void {
    document.documentElement.dataset["theme"] = theme.name;
    for (const [key, value] of Object.entries(cssVariables(theme))) {
      document.documentElement.style.setProperty(key, value);
    }
    this.scene.theme = theme;
    ui.theme.value = theme;
    this.scene.rebuild();
  }

  /** Node types: at once what the server said last time, then what it says now. */
  async loadSpecs(): Promise<void> {
    const asked = this.client.objectInfo();
    // A failure is told below; until then nobody waits for it.
    asked.catch(() => undefined);
    const cached = await bigStore.get("object_info").catch(() => null);
    if (cached !== null && this.scene.specs.size <= withVirtual(new Map()).size) this.useSpecs(cached);
    try {
      const text = stringifyJson(await asked);
      if (text !== cached) this.useSpecs(text);
      await bigStore.put("object_info", text).catch(() => undefined);
    } catch (error) {
      toast(t("The list of nodes could not be loaded: {why}", { why: sentenceOf(error) }), "error");
    }
  }

  /** True once the server's list of node types has come. */
  private get knowsTypes(): boolean {
    return this.scene.specs.size > withVirtual(new Map()).size + definitionPaths(this.session.doc.file).size;
  }

  private useSpecs(text: string): void {
    this.types = withVirtual(readSpecs(parseJson(text)));
    this.amendSpecs((specs) => { this.visitors?.amend(specs); });
    this.forecaster.start();
  }

  /** Change the node types that are known. */
  amendSpecs(change: (specs: Map<string, NodeSpec>) => void): void {
    change(this.types);
    this.scene.specs = new Map(this.types);
    this.scene.rebuild();
  }

  /** Fonts arrive late: everything measured before is measured again. */
  async loadFonts(): Promise<void> {
    await Promise.all(["450 12px", "600 13px"].map((font) => document.fonts.load(`${font} "Inter Variable"`)));
    forgetText();
    this.scene.rebuild();
  }

  showMeta(): void {
    const { doc, meta } = this.session;
    ui.name.value = meta.name;
    ui.saved.value = meta.saved;
    ui.empty.value = doc.raw.nodes.length === 0;
    ui.canUndo.value = doc.canUndo;
    ui.canRedo.value = doc.canRedo;
    ui.axes.value = axesOf(doc).length > 0 ? ui.axes.value + 1 : 0;
    ui.conflict.value = this.session.conflict !== null;
    this.running.showTitle();
    this.papers.touch();
  }

  restoreView(): void {
    const view = this.session.meta.view;
    const [x, y, scale] = view ?? [];
    if (x !== undefined && y !== undefined && scale !== undefined) {
      Object.assign(this.renderer.camera, { x, y, scale });
      this.renderer.moved();
    } else this.firstSight();
  }

  /** Without a remembered view: everything, or on a phone the first prompt, at the top. */
  firstSight(): void {
    const { camera } = this.renderer;
    this.scene.refresh();
    const prompt = [...this.scene.boxes.values()].find(
      (box) => box.spec?.virtual === false && box.widgets.some((row) => row.widget.kind === "multiline"),
    );
    if (!prompt || camera.width >= NARROW) {
      this.workspace.frame(undefined, false);
      return;
    }
    this.workspace.frame([prompt.key], false);
    camera.y = prompt.y - TOP_MARGIN / camera.scale;
    this.renderer.moved();
  }

  /** Address of an uploaded picture by the value of its widget. */
  inputUrl(value: string): string {
    const [, name = value, type = "input"] = /^(.*) \[(input|output|temp)\]$/.exec(value) ?? [];
    const cut = name.lastIndexOf("/");
    return this.client.viewUrl({ filename: name.slice(cut + 1), subfolder: name.slice(0, Math.max(0, cut)), type });
  }

  private doors(): Workspace["doors"] {
    return {
      search: (at, filter, chosen) => {
        ui.search.value = { at, filter, chosen };
      },
      menu: (at, hit) => {
        if (hit?.kind === "wire" && this.visitors?.wirePressed(hit.wire.key)) return;
        ui.menu.value = { at, lines: contextMenu(this, at, hit) };
      },
      offer: (at, heading, choices) => {
        ui.menu.value = { at, lines: [{ title: heading, enabled: false, run: () => undefined }, ...choices] };
      },
      say: (text, kind) => {
        toast(text, kind);
      },
      keep: (id, value) => void this.settings.set(id, value),
      supply: supplyOf(this),
      upload: (key) => {
        this.files.chooseUpload(key);
      },
      enter: (key) => {
        showLevel(this, [...this.scene.path.split(":").slice(0, -1), key]);
      },
      show: (key, at) => {
        const box = this.scene.boxes.get(key);
        const urls = box ? this.scene.pictureUrls(box) : [];
        if (urls.length > 0) ui.viewer.value = { items: urls.map(shownAt), at };
      },
    };
  }

  private watchCamera(): void {
    const place = this.renderer.onCamera;
    this.renderer.onCamera = () => {
      place();
      const { x, y, scale } = this.renderer.camera;
      ui.zoom.value = scale;
      clearTimeout(this.viewTimer);
      const { session } = this;
      if (this.shown && this.scene.path === "") session.meta.view = [x, y, scale];
      this.viewTimer = window.setTimeout(() => {
        session.journal.writeMeta();
      }, 400);
    };
  }
}

function editorLayer(host: HTMLElement): HTMLElement {
  const layer = document.createElement("div");
  layer.className = "editors";
  host.append(layer);
  return layer;
}
