/** The globals of scripts, and the modules that they import (`comfyAPI`; addresses in shims.mjs). */
import { t } from "../i18n";
import { ComfyApi, PromptExecutionError } from "./api";
import { ComfyApp } from "./comfyapp";
import { controlWidget, makeComfyWidgets } from "./comfywidgets";
import { GraphFace } from "./graph";
import { watchedPrototype } from "./insides";
import { LLink } from "./links";
import { contextMenuClass, LGraphGroup, makeLiteGraph } from "./litegraph";
import { SettingsFace } from "./manager";
import { LGraphNode } from "./node";
import type { Loose, Page } from "./page";
import { $el, ComfyButton, ComfyButtonGroup, ComfyDialog, ComfyPopup, toggleSwitch } from "./page_ui";

/** A name that scripts may import, for something that this page does not have. */
function absent(name: string): () => never {
  return function absentHere() {
    throw new Error(t("{name} of the ComfyUI page does not exist on this canvas; open the workflow at /comfy/.", { name }));
  };
}

/** Make all of it; `changed` is told of insides that a script changes, with its trace. */
export function publish(page: Page, api: ComfyApi, changed: (name: string, trace: string) => void): void {
  const LiteGraph = makeLiteGraph(page, LGraphNode);
  const LGraphCanvas = { prototype: watchedPrototype(page.canvas, changed), active_canvas: page.canvas, node_colors: {}, link_type_colors: {}, active_node: null };
  Object.assign(LiteGraph, { LGraphCanvas, LGraph: GraphFace });
  Object.assign(globalThis, {
    LiteGraph, LGraph: GraphFace, LLink, LGraphNode, LGraphGroup, LGraphCanvas,
    ContextMenu: contextMenuClass(page), DragAndScale: absent("DragAndScale"), LGraphBadge,
    app: page.comfy, __COMFYUI_FRONTEND_VERSION__: "1.0.0-loom", comfyAPI: modules(page, api),
  });
}

/** Words over a node's corner, as `node.badges` has them. */
class LGraphBadge {
  text = "";
  constructor(given: Loose) {
    Object.assign(this, given);
  }
}

function modules(page: Page, api: ComfyApi): Loose {
  const widgets = makeComfyWidgets(page);
  const missing = (...names: string[]): Loose => Object.fromEntries(names.map((name) => [name, absent(name)]));
  return {
    app: { app: page.comfy, ComfyApp, sanitizeNodeName: (name: string) => name.replace(/[&<>"'`=]/g, "") },
    api: { api, ComfyApi, PromptExecutionError, UnauthorizedError: class UnauthorizedError extends Error {} },
    widgets: {
      ComfyWidgets: widgets,
      isValidWidgetType: (type: string) => type in widgets,
      addValueControlWidget: controlWidget,
      addValueControlWidgets: (node: LGraphNode, target: Loose) => [controlWidget(node, target)],
      ...missing("updateControlWidgetLabel"),
    },
    ui: { ComfyDialog, $el, ...missing("ComfyUI") },
    utils: utilities(api),
    uiUtils: {
      applyClasses: (element: HTMLElement, list: unknown, ...always: string[]) => {
        const names = typeof list === "string" ? list.split(" ") : Array.isArray(list) ? (list as string[]) : Object.entries((list ?? {}) as Loose).flatMap(([name, on]) => (on ? name : []));
        element.className = [...names, ...always].join(" ");
      },
      toggleElement: (element: HTMLElement) => (on: boolean) => { element.hidden = !on; },
    },
    dialog: { ComfyDialog },
    settings: { ComfySettingsDialog: SettingsFace },
    toggleSwitch: { toggleSwitch },
    button: { ComfyButton },
    buttonGroup: { ComfyButtonGroup },
    splitButton: { ComfySplitButton: ComfyButton },
    popup: { ComfyPopup },
    asyncDialog: { ComfyAsyncDialog: ComfyDialog },
    clipspace: { ClipspaceDialog: ComfyDialog },
    groupNode: missing("GroupNodeConfig", "GroupNodeHandler"),
    widgetInputs: missing("mergeIfValid", "setWidgetConfig"),
    domWidget: missing("DOMWidgetImpl", "ComponentWidgetImpl"),
    pnginfo: missing("getPngMetadata", "getFlacMetadata", "getWebpMetadata", "getLatentMetadata", "importA1111"),
    changeTracker: missing("ChangeTracker"),
    defaultGraph: { defaultGraph: { nodes: [], links: [], version: 0.4 } },
    draggableList: missing("DraggableList"),
    imagePreview: missing("calculateImageGrid", "createImageHost"),
    menu: missing("ComfyAppMenu"),
  };
}

/** What `scripts/utils.js` offers. */
function utilities(api: ComfyApi): Loose {
  return {
    clone: (value: unknown) => structuredClone(value),
    applyTextReplacements,
    addStylesheet: (url: string, relativeTo?: string): Promise<void> => new Promise((done, failed) => {
      const href = relativeTo ? new URL(url, relativeTo).href : new URL(url.replace(/\.js$/, ".css"), document.baseURI).href;
      $el("link", { parent: document.head, rel: "stylesheet", type: "text/css", href, onload: () => { done(); }, onerror: () => { failed(new Error(href)); } });
    }),
    downloadBlob: (name: string, blob: Blob) => {
      const link = document.createElement("a");
      Object.assign(link, { href: URL.createObjectURL(blob), download: name });
      link.click();
      URL.revokeObjectURL(link.href);
    },
    uploadFile: (kind: string) => new Promise((done) => {
      const input = document.createElement("input");
      Object.assign(input, { type: "file", accept: kind });
      input.addEventListener("change", () => { done(input.files?.[0] ?? null); });
      input.click();
    }),
    prop: (target: object, name: string, first: unknown, onChanged?: (now: unknown, before: unknown, target: object, name: string) => void): unknown => {
      let now = first;
      Object.defineProperty(target, name, { get: () => now, set: (next: unknown) => {
        const before = now;
        now = next;
        onChanged?.(next, before, target, name);
      } });
      return first;
    },
    getStorageValue: (id: string): string | null => sessionStorage.getItem(`${id}:${api.clientId}`) ?? localStorage.getItem(id),
    setStorageValue: (id: string, value: string): void => {
      sessionStorage.setItem(`${id}:${api.clientId}`, value);
      localStorage.setItem(id, value);
    },
  };
}

/** `%Node title.widget%` in a text becomes that widget's value. */
function applyTextReplacements(graph: { nodes: LGraphNode[] }, text: string): string {
  return text.replace(/%([^%.]+)\.([^%]+)%/g, (whole, title: string, name: string) => {
    const node = graph.nodes.find((one) => one.title === title || (one.properties as Loose)["Node name for S&R"] === title);
    const face = node?.widgets.find((one) => one["name"] === name);
    return face ? String(face["value"]) : whole;
  });
}
