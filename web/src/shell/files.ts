/** Files in and out: dropped and chosen files, saved workflows, uploads. */
import { t } from "../i18n";
import { HEADER, layoutNode, type NodeBox } from "../canvas/layout";
import { hitTest } from "../canvas/hit";
import type { Vec } from "../canvas/camera";
import { setWidget } from "../model/actions";
import { fromPrompt } from "../model/apiimport";
import { isFragment } from "../model/clipboard";
import { emptyWorkflow } from "../model/factory";
import { type Json, parseJson, stringifyJson } from "../model/json";
import { arrange } from "../model/layout";
import { buildPrompt } from "../model/prompt";
import type { NodeSpec } from "../model/schema";
import { hasUpload } from "../model/widgets";
import { asWorkflow, isApiPrompt, type Key, keyOf, type Workflow } from "../model/workflow";
import type { FileRef } from "../net/client";
import { readStored } from "../net/stored";
import type { App } from "./app";
import { uuid } from "./identity";
import { baseName } from "./saving";
import type { Template } from "./templates";
import { sentenceOf, toast } from "./ui";
import defaultText from "../../../workflows/default.json?raw";

export class Files {
  constructor(private readonly app: App) {}

  openDefault(): void {
    this.app.openWorkflow(asWorkflow(parseJson(defaultText)), t("Default"));
  }

  async openTemplate(template: Template): Promise<void> {
    await this.guard(async () => {
      this.openJson(await template.load(), t(template.title));
    });
  }

  openEmpty(): void {
    this.app.openWorkflow(emptyWorkflow(uuid()), t("Untitled"));
  }

  /** Open JSON in canvas or API format; throws a sentence if it is neither. */
  openJson(value: Json, name: string, path: string | null = null): void {
    this.app.openWorkflow(this.workflowOf(value), name, isApiPrompt(value) ? null : path);
  }

  private workflowOf(value: Json): Workflow {
    if (!isApiPrompt(value)) return asWorkflow(value);
    const { specs } = this.app.scene;
    const doc = fromPrompt(value, specs, uuid());
    const box = (key: Key): { w: number; h: number } => {
      const node = doc.node(key);
      return node ? layoutNode(node, specs.get(node.type), null) : { w: 200, h: 100 };
    };
    for (const [key, at] of arrange(doc, box)) {
      const node = doc.node(key);
      if (node) node["pos"] = [at.x, at.y + HEADER];
    }
    return doc.raw;
  }

  /** Open a saved workflow, or show the tab that has it. */
  async openStored(path: string): Promise<void> {
    const open = this.app.papers.open.find((session) => session.meta.path === path);
    if (open) {
      this.app.papers.activate(open);
      return;
    }
    await this.guard(async () => {
      const stored = await readStored(this.app.client, path);
      if (!stored) throw new Error(t("There is no workflow {path} on the server any more.", { path }));
      this.openJson(parseJson(stored.text), baseName(path), path);
      await this.app.saving.common(this.app.session, stored.text, stored.etag);
    });
  }

  download(): void {
    this.app.workspace.closeEditor();
    give(stringifyJson(this.app.session.doc.raw, 2), `${this.app.session.meta.name}.json`);
  }

  downloadApi(): void {
    const prompt = buildPrompt(this.app.session.doc, this.app.scene.specs, Math.random);
    give(stringifyJson(prompt as unknown as Json, 2), `${this.app.session.meta.name}_api.json`);
  }

  /** Let the user pick a file to open. */
  choose(): void {
    pick(CARRIERS, (file) => void this.take(file, null));
  }

  /** Let the user pick a file to compare the shown workflow with. */
  chooseToCompare(): void {
    pick(CARRIERS, (file) => void this.guard(async () => {
      const { findWorkflow, sourceOf } = await import("../model/embedded");
      const found = await findWorkflow(sourceOf(file));
      if (found.value === null && found.kind !== null) throw new Error(found.missing);
      const value = found.value ?? readJson(await file.text(), file.name);
      await this.app.compareWith(baseName(file.name), this.workflowOf(value));
    }));
  }

  chooseUpload(key: Key): void {
    pick("image/*", (file) => void this.guard(() => this.uploadTo(key, file)));
  }

  /** Files dropped on the canvas at a screen point. */
  async drop(files: readonly File[], at: Vec): Promise<void> {
    for (const file of files) await this.take(file, at);
  }

  /** Text from the clipboard: nodes, or a whole workflow. True if it was one of them. */
  paste(text: string, outside: boolean): boolean {
    if (!text.trimStart().startsWith("{")) return false;
    try {
      const value = parseJson(text);
      if (isFragment(value)) this.app.workspace.pasteFragment(value, outside);
      else this.openJson(value, t("Pasted"));
      return true;
    } catch (error) {
      toast(sentenceOf(error), "error");
      return true;
    }
  }

  private async take(file: File, at: Vec | null): Promise<void> {
    await this.guard(async () => {
      const target = at && this.uploadTarget(at);
      if (file.type.startsWith("image/") && target) await this.uploadTo(target, file);
      else await this.open(file, at);
    });
  }

  /** The workflow in a file; a picture without one is loaded, anything else says what it lacks. */
  private async open(file: File, at: Vec | null): Promise<void> {
    const { findWorkflow, sourceOf } = await import("../model/embedded");
    const found = await findWorkflow(sourceOf(file));
    if (found.value !== null) this.openJson(found.value, baseName(file.name));
    else if (found.kind === null) this.openJson(readJson(await file.text(), file.name), baseName(file.name));
    else if (PICTURES.has(found.kind)) await this.loadPicture(file, at, found.missing);
    else throw new Error(found.missing);
  }

  /** A picture without a workflow becomes a node that loads it. */
  private async loadPicture(file: File, at: Vec | null, missing: string): Promise<void> {
    const { workspace, scene, renderer } = this.app;
    const spec = scene.specs.get("LoadImage");
    if (!spec) throw new Error(missing);
    const name = await this.app.client.upload(file);
    const key = workspace.add(spec, at ? renderer.camera.toWorld(at) : workspace.here());
    setWidget(scene.doc, scene.specs, key, "image", name);
    await this.app.loadSpecs();
    toast(`${missing} ${t("It is loaded as a picture instead.")}`);
  }

  /** A result that was dragged here: onto a node that loads pictures, or a new one. */
  dropResult(file: FileRef, at: Vec | null): Key | null {
    const { workspace, scene, renderer } = this.app;
    const spec = scene.specs.get("LoadImage");
    const target = at && this.uploadTarget(at);
    if (!spec && !target) return null;
    const key = target ?? workspace.add(spec as NodeSpec, at ? renderer.camera.toWorld(at) : workspace.here());
    const widget = uploadWidget(scene.boxes.get(key)) ?? "image";
    setWidget(scene.doc, scene.specs, key, widget, valueOfFile(file));
    return key;
  }

  private uploadTarget(at: Vec): Key | null {
    const { scene, renderer } = this.app;
    const hit = hitTest(scene, renderer.camera.toWorld(at), renderer.camera.scale);
    return hit && "box" in hit && hit.box.allWidgets.some((w) => hasUpload(w.input)) ? hit.box.key : null;
  }

  private async uploadTo(key: Key, file: File): Promise<void> {
    const { scene } = this.app;
    const widget = scene.boxes.get(key)?.allWidgets.find((w) => w.kind !== "upload" && hasUpload(w.input));
    if (!widget) return;
    const name = await this.app.client.upload(file);
    setWidget(scene.doc, scene.specs, keyOf(key), widget.name, name);
    await this.app.loadSpecs();
  }

  private async guard(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      toast(sentenceOf(error), "error");
    }
  }
}

/** Files that may carry a workflow. */
const CARRIERS = ".json,.png,.jpg,.jpeg,.webp,.avif,.mp4,.mov,.webm,.mkv,.flac,.ogg,.opus,.mp3,.svg,.latent,.safetensors";
/** Kinds of files that LoadImage reads. */
const PICTURES = new Set(["PNG", "JPEG", "WebP", "AVIF"]);

/** A file as the widget of LoadImage writes it. */
export function valueOfFile({ filename, subfolder, type }: FileRef): string {
  const path = subfolder ? `${subfolder}/${filename}` : filename;
  return type === "input" ? path : `${path} [${type}]`;
}

/** The widget of a node that names the picture it loads. */
export const uploadWidget = (box: NodeBox | undefined): string | undefined =>
  box?.allWidgets.find((widget) => widget.kind !== "upload" && hasUpload(widget.input))?.name;

function readJson(text: string, name: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw new Error(t("{name} is neither JSON nor a file that can carry a workflow (PNG, JPEG, WebP, AVIF, MP4, WebM, FLAC, Ogg, MP3, SVG, safetensors).", { name }));
  }
}

/** Hand a file to the user. */
export function give(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Let the user choose a file. */
export function pick(accept: string, taken: (file: File) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = accept;
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) taken(file);
  };
  input.click();
}
