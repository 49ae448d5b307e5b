/** Nodes and models that are dragged or clicked out of the library onto the canvas. */
import { hitTest } from "../canvas/hit";
import type { Vec } from "../canvas/camera";
import { t } from "../i18n";
import { setWidget } from "../model/actions";
import type { NodeSpec, Specs } from "../model/schema";
import { widgetsOf } from "../model/widgets";
import type { App } from "./app";
import { noteUse } from "./kept";
import { toast } from "./ui";

export const NODE_DRAG = "text/x-loom-node";
export const MODEL_DRAG = "text/x-loom-model";

/** A file of a model folder. */
export interface Model {
  kind: string;
  name: string;
}

/** The loader that people expect for a folder, before any other node that lists its files. */
const LOADERS: Readonly<Record<string, string>> = {
  checkpoints: "CheckpointLoaderSimple", loras: "LoraLoader", vae: "VAELoader", controlnet: "ControlNetLoader",
  upscale_models: "UpscaleModelLoader", diffusion_models: "UNETLoader", text_encoders: "CLIPLoader",
  clip_vision: "CLIPVisionLoader", style_models: "StyleModelLoader", hypernetworks: "HypernetworkLoader", gligen: "GLIGENLoader",
};

/** The widget of a node type that offers a file. */
const widgetFor = (spec: NodeSpec | undefined, name: string): string | null =>
  (spec ? widgetsOf(spec) : []).find((widget) => widget.kind === "combo" && widget.input.choices.includes(name))?.name ?? null;

/** The node type that loads a model: the usual one, or else the plainest that offers the file. */
export function loaderOf(specs: Specs, { kind, name }: Model): NodeSpec | null {
  const usual = specs.get(LOADERS[kind] ?? "");
  if (usual && widgetFor(usual, name) !== null) return usual;
  const able = [...specs.values()].filter((spec) => widgetFor(spec, name) !== null);
  return able.sort((a, b) => a.inputs.length - b.inputs.length)[0] ?? null;
}

/** Add a node at a screen point, or in the middle of the view. */
export function placeNode(app: App, spec: NodeSpec, at: Vec | null): string {
  const { camera } = app.renderer;
  const key = app.workspace.add(spec, camera.toWorld(at ?? { x: camera.width / 2, y: camera.height / 2 }));
  noteUse(spec.type);
  return key;
}

/** Put a model on the node under a screen point that can load it, or add its loader. */
export async function placeModel(app: App, model: Model, at: Vec | null): Promise<void> {
  const { scene, renderer } = app;
  const hit = at && hitTest(scene, renderer.camera.toWorld(at), renderer.camera.scale);
  const under = hit && "box" in hit ? hit.box : null;
  const own = widgetFor(under?.spec ?? undefined, model.name);
  if (under && own !== null) {
    setWidget(scene.doc, scene.specs, under.key, own, model.name);
    return;
  }
  // A file that came since the page was opened is in no list yet.
  if (!loaderOf(scene.specs, model)) await app.loadSpecs();
  const spec = loaderOf(scene.specs, model);
  const widget = widgetFor(spec ?? undefined, model.name);
  if (!spec || widget === null) {
    toast(t("No node here loads {name}.", { name: model.name }), "error");
    return;
  }
  scene.doc.edit(`Add ${spec.title}`, () => {
    setWidget(scene.doc, scene.specs, placeNode(app, spec, at), widget, model.name);
  });
}

/** What was dropped, if it came out of the library. */
export function dropFromLibrary(app: App, data: DataTransfer, at: Vec): boolean {
  const spec = app.scene.specs.get(data.getData(NODE_DRAG));
  const model = data.getData(MODEL_DRAG);
  if (spec) placeNode(app, spec, at);
  else if (model !== "") void placeModel(app, JSON.parse(model) as Model, at);
  return Boolean(spec) || model !== "";
}
