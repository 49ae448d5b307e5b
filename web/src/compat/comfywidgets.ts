/** `ComfyWidgets`: what makes the field of an input, by the input's type. */
import { t } from "../i18n";
import { asJson } from "./live";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";

interface Made {
  widget: Loose;
  minWidth?: number;
  minHeight?: number;
}
type Maker = (node: LGraphNode, name: string, data: [unknown, Loose?], app?: unknown) => Made;

const optionsOf = (data: readonly unknown[]): Loose => (typeof data[1] === "object" && data[1] !== null ? (data[1] as Loose) : {});

const plain = (type: string, fallback: unknown, more: Loose = {}): Maker => (node, name, data) => {
  const options = optionsOf(data);
  const widget = node.addWidget(type, name, options["default"] ?? fallback, null, { ...options, ...more });
  return { widget };
};

const text: Maker = (node, name, data) => {
  const options = optionsOf(data);
  const many = options["multiline"] === true;
  return { widget: node.addWidget(many ? "customtext" : "text", name, options["default"] ?? "", null, options), ...(many ? { minWidth: 400, minHeight: 200 } : {}) };
};

const combo: Maker = (node, name, data) => {
  const options = optionsOf(data);
  const values = Array.isArray(data[0]) ? (data[0] as unknown[]) : (options["options"] as unknown[] | undefined) ?? [];
  return { widget: node.addWidget("combo", name, options["default"] ?? values[0] ?? "", null, { ...options, values }) };
};

/** A button that lets the user choose a picture for the node's own field. */
const upload: Maker = (node, name) => ({
  widget: node.addWidget("button", name, "image", () => { node.page.app.files.chooseUpload(node.page.keyOf(node)); }, { serialize: false, label: t("Choose a file") }),
});

export function makeComfyWidgets(page: Page): Loose {
  const whole = plain("number", 0, { precision: 0 });
  const makers: Loose = {
    "INT": whole, "INT:seed": whole, "INT:noise_seed": whole, "FLOAT": plain("number", 0), "BOOLEAN": plain("toggle", false),
    "STRING": text, "MARKDOWN": text, "TEXTAREA": text, "COMBO": combo, "COLOR": plain("color", "#ffffff"), "IMAGEUPLOAD": upload,
    "CURVE": plain("CURVE", [[0, 0], [1, 1]]), "BOUNDING_BOX": plain("BOUNDING_BOX", null),
  };
  page.comfy["widgets"] = makers;
  return makers;
}

/** The types for which extensions have fields of their own. */
export async function customMakers(page: Page): Promise<ReadonlyMap<string, Maker>> {
  const found = new Map<string, Maker>();
  for (const extension of page.extensions) {
    const made = await Promise.resolve(page.call(extension, "getCustomWidgets", page.comfy)).catch((error: unknown) => { page.tell("getCustomWidgets", error); });
    for (const [type, maker] of Object.entries((made ?? {}) as Loose)) {
      if (typeof maker === "function") found.set(type, maker as Maker);
    }
  }
  return found;
}

/** Let the makers fill a fresh node: each input of a type that an extension has a field for. */
export function makeFields(page: Page, node: LGraphNode, makers: ReadonlyMap<string, Maker>): void {
  for (const input of page.app.scene.specs.get(node.type)?.inputs ?? []) {
    const maker = input.widget === "custom" ? makers.get(input.type) : undefined;
    if (maker) page.guard(`${node.type}.${input.name}`, () => maker(node, input.name, [input.type, asJson(input.options) as Loose], page.comfy));
  }
}

/** What scripts call beside the makers. */
export const controlWidget = (node: LGraphNode, target: Loose, value = "randomize"): Loose =>
  node.addWidget("combo", "control_after_generate", value, null, { values: ["fixed", "increment", "decrement", "randomize"], serialize: false, target: target["name"] });
