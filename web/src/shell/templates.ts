/** The workflows that come with Latent Loom. Each is a file of its own, fetched when it is opened. */
import { asWorkflow, type Workflow } from "../model/workflow";
import { parseJson } from "../model/json";

export interface Template {
  readonly title: string;
  load(): Promise<Workflow>;
}

const FILES = import.meta.glob<string>(
  ["../../../workflows/*.json", "!../../../workflows/*_api.json", "!../../../workflows/default.json"],
  { query: "?raw", import: "default" },
);

const NAMES: Readonly<Record<string, string>> = { lora: "LoRA", controlnet: "ControlNet" };

/** `../workflows/image_to_image.json` -> `Image to image`. */
export function titleOf(path: string): string {
  const words = (path.split("/").at(-1) ?? path).replace(/\.json$/, "").replaceAll("_", " ");
  return NAMES[words] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

export const TEMPLATES: readonly Template[] = Object.entries(FILES).map(([path, read]) => ({
  title: titleOf(path),
  load: async () => asWorkflow(parseJson(await read())),
}));
