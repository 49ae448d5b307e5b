/** Workflows to begin with: those of Latent Loom, which travel with the page, and those of packs. */
import { t } from "../i18n";
import { isObject, type Json, parseJson } from "../model/json";
import type { Client } from "../net/client";

export interface Template {
  readonly title: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly group: string;
  /** Address of a picture of its result. */
  readonly picture: string | null;
  /** A workflow in canvas or API format. */
  load(): Promise<Json>;
}

const FILES = import.meta.glob<string>(
  ["../../../workflows/*.json", "!../../../workflows/*_api.json", "../../../workflows/paper/*_api.json"],
  { query: "?raw", import: "default" },
);
const PICTURES = import.meta.glob<string>("../../../workflows/*.webp", { query: "?url&no-inline", import: "default", eager: true });

const PAPER = "The latent diffusion paper";
const NEEDS = "Needs a model file of the authors.";

/** By file: title, group and what it does; in the order of the browser. */
const FACTS: Readonly<Record<string, readonly [title: string, group: string, about: string]>> = {
  default: ["Default", "Basics", "A prompt becomes a picture, then four times as large."],
  image_to_image: ["Image to image", "Basics", "A picture is changed towards another prompt, by as much as you say."],
  inpainting: ["Inpainting", "Basics", "Only what a mask covers is made anew."],
  hires_fix: ["Hires fix", "Basics", "A small picture first, then the same one larger and finer."],
  areas: ["Areas", "Guidance", "Several prompts, each with its own part of the picture."],
  controlnet: ["ControlNet", "Guidance", "The edges of a picture steer what is made."],
  lora: ["LoRA", "Guidance", "A style from a small file, at three strengths."],
  few_step: ["Few steps", "Guidance", "A distilled LoRA draws in four steps instead of twenty."],
  textual_inversion: ["Textual inversion", "Guidance", "A thing that the model was never taught, by a learnt word."],
  inpainting_model: ["Inpainting model", "Guidance", "A model that sees the picture around the mask completes it."],
  class: ["Class", "Guidance", "A class instead of a prompt: the paper's ImageNet task, small."],
  samplers: ["Samplers", "Series", "The same prompt and noise under three samplers."],
  loop: ["Loop", "Series", "One picture for every number of a list."],
  text_api: ["Text", PAPER, NEEDS],
  class_api: ["Class", PAPER, NEEDS],
  layout_api: ["Layout", PAPER, NEEDS],
  semantic_api: ["Semantic", PAPER, NEEDS],
  super_resolution_api: ["Super resolution", PAPER, NEEDS],
  inpainting_api: ["Inpainting", PAPER, NEEDS],
  unconditional_api: ["Unconditional", PAPER, NEEDS],
};

const nameOf = (path: string): string => (path.split("/").at(-1) ?? path).replace(/\.\w+$/, "");

/** `image_to_image` -> `Image to image`. */
export function titleOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shipped(path: string, read: () => Promise<string>): Template {
  const name = nameOf(path);
  const [title, group, about] = FACTS[name] ?? [titleOf(name), "Basics", ""];
  const picture = Object.entries(PICTURES).find(([file]) => nameOf(file) === name)?.[1] ?? null;
  return { title, group, about, picture, load: async () => parseJson(await read()) };
}

const place = ([path]: readonly [string, unknown]): number => (Object.keys(FACTS).indexOf(nameOf(path)) + 99) % 99;

/** What comes with Latent Loom. */
export const TEMPLATES: readonly Template[] = Object.entries(FILES)
  .sort((a, b) => place(a) - place(b))
  .map(([path, read]) => shipped(path, read));

/** What the packs of the server bring. */
export async function packTemplates(client: Client): Promise<Template[]> {
  const found = await client.json("x/templates").catch((): Json => []);
  return (Array.isArray(found) ? found : []).filter(isObject).map((entry) => {
    const [pack, name, picture] = ["pack", "name", "picture"].map((key) => (typeof entry[key] === "string" ? entry[key] : ""));
    const file = (of: string): string => `workflow_templates/${encodeURIComponent(pack ?? "")}/${encodeURIComponent(of)}`;
    return {
      title: titleOf(name ?? ""),
      about: t("From the pack {pack}.", { pack: pack ?? "" }),
      group: pack ?? "",
      picture: picture ? client.url(file(picture)) : null,
      load: () => client.json(file(`${name ?? ""}.json`)),
    };
  });
}
