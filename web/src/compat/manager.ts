/** `app.extensionManager` and what extensions register as data: settings, commands, keys, panels. */
import { t } from "../i18n";
import { type ExtensionView, toast, ui } from "../shell/ui";
import type { Loose, Page } from "./page";

/** Under which settings of extensions are kept beside our own. */
const KEY = "plugin.comfy.";

const words = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

/** Settings of extensions; their ids are those that they chose. */
export class SettingsFace {
  [key: string]: unknown;
  /** Every setting that an extension added, by id. */
  readonly settingsLookup: Record<string, Loose> = {};
  settingsValues: Loose = {};
  readonly addEventListener = (): void => undefined;

  constructor(private readonly page: Page) {
    Object.defineProperty(this, "page", { enumerable: false });
  }

  /** Add a setting; its present value is told at once. */
  addSetting = (setting: Loose): Loose => {
    const id = String(setting["id"]);
    this.settingsLookup[id] = setting;
    const value = this.getSettingValue(id);
    this.settingsValues[id] = value;
    this.page.call(setting, "onChange", value, undefined);
    return { get value() { return value; }, set value(to: unknown) { void to; } };
  };

  getSettingValue = (id: string, fallback?: unknown): unknown => {
    const stored = localStorage.getItem(KEY + id);
    if (stored !== null) {
      try {
        return JSON.parse(stored);
      } catch {
        return stored;
      }
    }
    const first = this.settingsLookup[id]?.["defaultValue"];
    return (typeof first === "function" ? (first as () => unknown)() : first) ?? fallback;
  };

  setSettingValue = (id: string, value: unknown): void => {
    const before = this.getSettingValue(id);
    this.settingsValues[id] = value;
    void this.page.app.settings.set(KEY + id, words(value));
    const setting = this.settingsLookup[id];
    if (setting) this.page.call(setting, "onChange", value, before);
  };
  setSettingValueAsync = (id: string, value: unknown): Promise<void> => Promise.resolve(this.setSettingValue(id, value));

  /** Those that can be chosen in the list of extensions. */
  views(prefix: (setting: Loose) => boolean): ExtensionView["settings"] {
    return Object.entries(this.settingsLookup).filter(([, setting]) => prefix(setting) && choicesOf(setting).length > 0).map(([id, setting]) => {
      const choices = choicesOf(setting);
      return {
        id,
        name: String(setting["name"] ?? id),
        value: words(this.getSettingValue(id)),
        choices,
        choose: (value: string): void => { this.setSettingValue(id, choiceValue(setting, value)); },
      };
    });
  }
}

/** The values of a setting and how they read; those that are typed in have none. */
function choicesOf(setting: Loose): (readonly [string, string])[] {
  if (setting["type"] === "boolean") return [["true", t("On")], ["false", t("Off")]];
  const options = setting["options"];
  const list: unknown = typeof options === "function" ? (options as (value: unknown) => unknown)(setting["defaultValue"]) : options;
  return Array.isArray(list) ? (list as unknown[]).map((one) => (typeof one === "object" && one !== null ? [words((one as Loose)["value"] ?? (one as Loose)["text"]), String((one as Loose)["text"])] as const : [words(one), String(one)] as const)) : [];
}

function choiceValue(setting: Loose, chosen: string): unknown {
  if (setting["type"] === "boolean") return chosen === "true";
  const options: unknown = setting["options"];
  const values = Array.isArray(options) ? options.map((one: unknown) => (typeof one === "object" && one !== null ? ((one as Loose)["value"] ?? (one as Loose)["text"]) : one)) : [];
  return values.find((value) => words(value) === chosen) ?? chosen;
}

/** Keys as our commands have them: `{ctrl, alt, shift, key}` or `ctrl+shift+k`. */
export function comboOf(combo: unknown): string {
  if (typeof combo === "string") return combo.split("+").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("+").replace(/^Ctrl|^Meta/, "Mod");
  const { key, ctrl, meta, alt, shift } = (combo ?? {}) as Loose;
  const name = String(key ?? "");
  return [ctrl || meta ? "Mod" : "", alt ? "Alt" : "", shift ? "Shift" : "", name.length === 1 ? name.toUpperCase() : name].filter(Boolean).join("+");
}

export function addCommand(page: Page, command: Loose): void {
  const id = String(command["id"]);
  const { commands } = page.app;
  if (commands.get(id)) return;
  const label = command["label"];
  const title = String((typeof label === "function" ? (label as () => unknown)() : label) ?? id);
  commands.add({ id, title, group: "Extension", run: () => { page.call(command, "function"); } });
  ui.keys.value++;
}

export function addKeybinding(page: Page, binding: Loose): void {
  const id = String(binding["commandId"]);
  const { commands } = page.app;
  const target = commands.get(id);
  const keys = comboOf(binding["combo"]);
  if (!target || !keys) return;
  commands.add({ id: `keys ${keys} ${id}`, title: target.title, group: "Extension", keys, run: () => void commands.run(id) });
  ui.keys.value++;
}

/** A tab at a side is a panel here. */
export function addPanel(page: Page, tab: Loose): void {
  const name = `plugin:comfy:${String(tab["id"])}` as const;
  const title = String(tab["title"] ?? tab["label"] ?? tab["id"]);
  const render = (element: HTMLElement): (() => void) => {
    page.call(tab, "render", element);
    return () => { page.call(tab, "destroy"); };
  };
  ui.pluginPanels.value = new Map(ui.pluginPanels.value).set(name, { title, render });
  addCommand(page, { id: name, label: title, function: () => { ui.panel.value = ui.panel.value === name ? null : name; } });
}

function say(severity: unknown, ...texts: unknown[]): void {
  toast(texts.filter((text) => typeof text === "string" && text).join(": "), severity === "error" ? "error" : "info");
}

export function makeManager(page: Page, settings: SettingsFace): Loose {
  const { commands } = page.app;
  return {
    setting: { get: settings.getSettingValue, set: settings.setSettingValue, settings: settings.settingsLookup },
    command: {
      get commands() { return commands.all().map(({ id, title }) => ({ id, label: title })); },
      execute: (id: string) => Promise.resolve(commands.run(id)),
      isRegistered: (id: string) => commands.get(id) !== undefined,
    },
    toast: {
      add: (message: Loose) => { say(message["severity"], message["summary"], message["detail"]); },
      addAlert: (text: string) => { toast(text, "error"); },
      remove: (): void => undefined,
      removeAll: () => { ui.toasts.value = []; },
    },
    dialog: {
      prompt: ({ title, message, defaultValue }: Loose) => Promise.resolve(window.prompt([title, message].filter(Boolean).join("\n"), String(defaultValue ?? ""))),
      confirm: ({ title, message }: Loose) => Promise.resolve(window.confirm([title, message].filter(Boolean).join("\n"))),
      showDialog: (): void => undefined,
    },
    sidebarTab: { registerSidebarTab: (tab: Loose) => { addPanel(page, tab); }, sidebarTabs: [] },
    registerSidebarTab: (tab: Loose) => { addPanel(page, tab); },
    unregisterSidebarTab: (id: string) => { closePanel(id); },
    getSidebarTabs: () => [...ui.pluginPanels.value.keys()],
    bottomPanel: { registerBottomPanelTab: (tab: Loose) => { addPanel(page, tab); }, toggleBottomPanel: (): void => undefined },
    workflow: {
      get activeWorkflow() {
        const { meta, doc } = page.app.session;
        return { filename: meta.name, path: meta.path, key: meta.name, isModified: !meta.saved, isPersisted: meta.path !== null, activeState: doc.file, changeTracker: { checkState: (): void => undefined } };
      },
      get openWorkflows() { return page.app.papers.open.map(({ meta }) => ({ filename: meta.name, path: meta.path })); },
    },
    colorPalette: { get activePaletteId() { return page.app.scene.theme.name; } },
    queueSettings: { mode: "disabled", get batchCount() { return ui.runCount.value; } },
    lastNodeErrors: null,
    lastExecutionError: null,
    renderMarkdownToHtml: (text: string) => {
      const part = document.createElement("p");
      part.textContent = text;
      return part.innerHTML;
    },
    get focusMode() { return ui.canvasOnly.value; },
    set focusMode(on: boolean) { ui.canvasOnly.value = on; },
    get spinner() { return false; },
  };
}

function closePanel(id: string): void {
  const left = new Map(ui.pluginPanels.value);
  left.delete(`plugin:comfy:${id}`);
  ui.pluginPanels.value = left;
}
