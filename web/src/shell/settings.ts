/**
 * What the user may choose: one table, kept in this browser and by the server.
 *
 * Invariant: a value of the table is applied when it changes and before anything is drawn; what the
 * server says later replaces what this browser remembered, so that all browsers of a user agree.
 */
import { language, LANGUAGES, type Language, preferred, speak, t } from "../i18n";
import { readBindings } from "../input/bindings";
import { isObject } from "../model/json";
import { type Theme, THEMES } from "../canvas/theme";
import type { App } from "./app";
import { choiceOf, PALETTES, palettes, paletteTheme } from "./palettes";
import { sentenceOf, toast, ui } from "./ui";

export interface Setting {
  readonly id: string;
  readonly name: string;
  readonly group: "Looks" | "Canvas" | "Files";
  readonly tip: string;
  /** Values and what the user reads; the first one is the default. */
  readonly choices: readonly (readonly [value: string, text: string])[];
  readonly apply: (app: App, value: string) => void | Promise<void>;
}

const OWN_THEMES = [["dark", "Dark"], ["light", "Light"], ["contrast", "High contrast"], ["system", "Like the system"]] as const;
const ON_OFF = [["on", "On"], ["off", "Off"]] as const;
const OFF_ON = [["off", "Off"], ["on", "On"]] as const;

/** Every setting, in the order of the dialog. */
export const SETTINGS: readonly Setting[] = Array.of<Setting>(
  {
    id: "loom.theme", name: "Theme", group: "Looks", tip: "Colours of canvas and panels.",
    get choices() {
      return [...OWN_THEMES, ...palettes().map((palette) => [choiceOf(palette), palette.name] as const)];
    },
    apply: (app, value) => {
      app.setTheme(paletteTheme(value) ?? THEMES[resolveTheme(value)]);
    },
  },
  {
    id: "loom.language", name: "Language", group: "Looks", tip: "The language of the page. Names of nodes come from the server.",
    choices: [["auto", "Like the browser"], ...Object.entries(LANGUAGES)],
    apply: async (app, value) => {
      const next = value in LANGUAGES ? (value as Language) : preferred(navigator.languages);
      if (next === language()) return;
      await speak(next);
      ui.language.value = next;
      app.scene.rebuild();
    },
  },
  {
    id: "loom.wires", name: "Wires", group: "Canvas", tip: "How wires run between nodes.",
    choices: [["spline", "Curved"], ["linear", "Straight"], ["straight", "Right angles"]],
    apply: (app, value) => {
      app.scene.setLinkStyle(value === "linear" || value === "straight" ? value : "spline");
    },
  },
  {
    id: "loom.marksOnWires", name: "Marks on wires", group: "Canvas", tip: "What stands in the middle of each wire.",
    choices: [["none", "None"], ["arrow", "Arrowheads"], ["dot", "Dots"]],
    apply: (app, value) => {
      app.scene.linkMark = value === "arrow" || value === "dot" ? value : "none";
      app.renderer.ask("world");
    },
  },
  {
    id: "loom.snap", name: "Snap to the grid", group: "Canvas", tip: "Nodes snap when they are dragged. Ctrl does the opposite for one drag.",
    choices: OFF_ON,
    apply: (app, value) => {
      app.workspace.snapping = value === "on";
    },
  },
  {
    id: "loom.snapSize", name: "Size of the grid", group: "Canvas", tip: "The step of snapping, in canvas units.",
    choices: [["8", "8"], ["4", "4"], ["12", "12"], ["24", "24"]],
    apply: (app, value) => {
      app.workspace.gridStep = Number(value);
    },
  },
  {
    id: "loom.wheel", name: "Wheel", group: "Canvas", tip: "What the wheel does. With Ctrl it always zooms, with Shift it pans sideways.",
    choices: [["auto", "A wheel zooms, a trackpad pans"], ["zoom", "Always zoom"], ["pan", "Always pan"]],
    apply: (app, value) => {
      app.pointer.wheelDoes = value === "zoom" || value === "pan" ? value : "auto";
    },
  },
  {
    id: "loom.toolbox", name: "Bar over the selection", group: "Canvas", tip: "Colour, bypass, align and more, where the selected nodes are.",
    choices: ON_OFF,
    apply: (_, value) => {
      ui.toolbox.value = value === "on";
    },
  },
  {
    id: "loom.arrows", name: "Arrow keys", group: "Canvas", tip: "With Shift they always move by one unit, with Ctrl they always go to the next node.",
    choices: [["move", "Move the selection"], ["walk", "Go from node to node"]],
    apply: (app, value) => {
      app.workspace.arrowsWalk = value === "walk";
    },
  },
  {
    id: "loom.marks", name: "Marks before a run", group: "Canvas", tip: "Nodes show whether they would run and why, and the Run button what it would take.",
    choices: ON_OFF,
    apply: (app, value) => {
      app.forecaster.turnOn(value === "on");
    },
  },
  {
    id: "loom.autosave", name: "Save by itself", group: "Files", tip: "Workflows that have a file on the server follow every change. The browser keeps all changes either way.",
    choices: ON_OFF,
    // Read where it is used.
    apply: () => undefined,
  },
);

/** A setting that a room of its own changes: any text, empty at first. */
export interface TextSetting {
  readonly id: string;
  readonly apply: (app: App, text: string) => void;
}

export const TEXTS: readonly TextSetting[] = Array.of<TextSetting>(
  // Read where extensions are loaded.
  { id: "loom.extensions.off", apply: () => undefined },
  {
    id: "loom.keys",
    apply: (app, text) => {
      app.commands.bind(readBindings(text));
      ui.keys.value++;
    },
  },
  {
    id: PALETTES,
    apply: (app) => {
      const theme = SETTINGS.find((one) => one.id === "loom.theme");
      if (theme && palettes().length > 0) void theme.apply(app, chosen(theme));
    },
  },
);

const LIGHT = "(prefers-color-scheme: light)";
const FORCED = "(forced-colors: active)";
const MORE = "(prefers-contrast: more)";

function resolveTheme(value: string): Theme["name"] {
  if (value === "light" || value === "contrast") return value;
  // Who forces colours gets lines to match, unless something else was chosen.
  if (matchMedia(FORCED).matches && localStorage.getItem("loom.theme") === null) return "contrast";
  if (value !== "system") return "dark";
  return matchMedia(MORE).matches ? "contrast" : matchMedia(LIGHT).matches ? "light" : "dark";
}

/** The value of a setting, as this browser knows it. */
export function chosen(setting: Setting): string {
  const stored = localStorage.getItem(setting.id);
  return setting.choices.find(([value]) => value === stored)?.[0] ?? setting.choices[0]?.[0] ?? "";
}

export class Settings {
  constructor(private readonly app: App) {
    for (const query of [LIGHT, MORE, FORCED]) {
      matchMedia(query).addEventListener("change", () => {
        void this.apply("loom.theme");
      });
    }
  }

  /** Apply everything this browser remembers; the language first, before a word is drawn. */
  async start(): Promise<void> {
    await Promise.all([...TEXTS, ...SETTINGS].map((setting) => this.apply(setting.id).catch(() => undefined)));
  }

  /** Take over what the server has from another browser. */
  async fetch(): Promise<void> {
    const stored = await this.app.client.json("settings").catch(() => null);
    if (!isObject(stored)) return;
    const added = Object.keys(stored).filter((id) => id.startsWith("plugin."));
    for (const id of [...TEXTS, ...SETTINGS].map((setting) => setting.id).concat(added)) {
      const value = stored[id];
      if (typeof value !== "string" || value === localStorage.getItem(id)) continue;
      localStorage.setItem(id, value);
      await this.apply(id);
    }
  }

  /** Choose a value: it has its effect at once and is kept. */
  async set(id: string, value: string): Promise<void> {
    localStorage.setItem(id, value);
    ui.settings.value++;
    try {
      await this.apply(id);
      await this.app.client.json("settings", "POST", { [id]: value });
    } catch (error) {
      toast(t("The setting holds in this browser only: {why}", { why: sentenceOf(error) }), "error");
    }
  }

  private async apply(id: string): Promise<void> {
    const setting = SETTINGS.find((one) => one.id === id);
    TEXTS.find((one) => one.id === id)?.apply(this.app, localStorage.getItem(id) ?? "");
    await setting?.apply(this.app, chosen(setting));
  }
}
