/**
 * Loading the scripts that node packs add to the page.
 *
 * Invariant: a script is read before it runs, so that it is known which page it was written for; a
 * script that fails stops no other. What the ComfyUI page offers is loaded only if a script asks.
 */
import { t } from "../i18n";
import type { App } from "../shell/app";
import { type ExtensionView, sentenceOf, toast, ui } from "../shell/ui";
import type { Plugin } from "../../public/loom/plugin";
import { Host } from "./host";

type Comfy = InstanceType<(typeof import("../compat/visitors"))["Comfy"]>;

/** Where the user keeps which scripts are switched off: their addresses, one a line. */
const OFF = "loom.extensions.off";
/** What scripts say that were written for the ComfyUI page. */
const THEIRS = /(?:from|import)\s*\(?\s*["'][^"']*\/scripts\/[\w/]+\.js["']|\bcomfyAPI\b/;

/** Words for what a plugin adds. */
const WORDS: Readonly<Record<string, (one: boolean) => string>> = {
  command: (one) => (one ? t("command") : t("commands")),
  key: (one) => (one ? t("key") : t("keys")),
  panel: (one) => (one ? t("panel") : t("panels")),
  overlay: (one) => (one ? t("overlay") : t("overlays")),
  "node renderer": (one) => (one ? t("node renderer") : t("node renderers")),
  widget: (one) => (one ? t("widget") : t("widgets")),
};

interface Script {
  url: string;
  tier: ExtensionView["tier"];
  plugin: Plugin | null;
  host: Host | null;
  errors: string[];
  /** Of a script for the ComfyUI page: its module has run, and the extensions that it registered. */
  ran: boolean;
  names: Set<string>;
  /** Insides of that page that it changes. */
  insides: Set<string>;
}

export class Extensions {
  private readonly scripts: Script[] = [];
  private comfy: Comfy | null = null;

  constructor(private readonly app: App) {}

  /** Load all scripts side by side, then start them in the order of their addresses. */
  async load(): Promise<void> {
    const urls = await this.app.client.json("extensions");
    const found = (Array.isArray(urls) ? urls : []).filter((url) => typeof url === "string");
    const scripts = await Promise.all(found.map((url) => this.read(url)));
    for (const script of scripts) {
      if (!script) continue;
      this.scripts.push(script);
      if (script.plugin && !this.off().has(script.url)) this.start(script);
    }
    this.show();
    await this.visit(this.scripts.filter(({ tier, url }) => tier !== "native" && !this.off().has(url)));
  }

  /** A script and what it defines; null for a file that is only a part of another. */
  private async read(url: string): Promise<Script | null> {
    const script: Script = { url, tier: "native", plugin: null, host: null, errors: [], ran: false, names: new Set(), insides: new Set() };
    try {
      const answer = await fetch(addressOf(url));
      const text = await answer.text();
      if (THEIRS.test(text)) return { ...script, tier: "comfy" };
      if (!/\bdefinePlugin\b/.test(text)) return null;
      const module = (await import(/* @vite-ignore */ answer.url)) as { default?: unknown };
      script.plugin = asPlugin(module.default);
    } catch (error) {
      script.errors.push(sentenceOf(error));
    }
    return script;
  }

  private start(script: Script): void {
    if (!script.plugin) return;
    script.host = new Host(this.app, script.plugin, () => { this.show(); });
    script.host.start();
  }

  /** Run the scripts that were written for the ComfyUI page. */
  private async visit(scripts: readonly Script[]): Promise<void> {
    if (scripts.length === 0) return;
    const { Comfy } = await import("../compat/visitors");
    const comfy = (this.comfy = new Comfy(this.app, {
      failed: (url, text) => {
        this.at(url)?.errors.push(text);
        toast(t("{name} failed: {why}", { name: nameOf(url) || t("An extension"), why: text }), "error");
        this.show();
      },
      insides: (url, name) => {
        const script = this.at(url);
        script?.insides.add(name);
        if (script) script.tier = "insides";
        this.show();
      },
    }));
    for (const script of scripts) {
      const before = new Set(comfy.names);
      try {
        await import(/* @vite-ignore */ addressOf(script.url));
        script.ran = true;
      } catch (error) {
        script.errors.push(sentenceOf(error));
      }
      script.names = new Set(comfy.names.filter((name) => !before.has(name)));
    }
    await comfy.start();
    this.show();
  }

  private at(url: string): Script | undefined {
    return this.scripts.find((script) => script.url === url);
  }

  private toggle(script: Script): void {
    const off = this.off();
    const on = !off.has(script.url);
    if (on) off.add(script.url);
    else off.delete(script.url);
    if (script.tier !== "native") toast(t("This takes effect when the page is loaded again."));
    else if (on) {
      script.host?.stop();
      script.host = null;
    } else this.start(script);
    void this.app.settings.set(OFF, [...off].join("\n"));
    this.show();
  }

  private off(): Set<string> {
    return new Set((localStorage.getItem(OFF) ?? "").split("\n").filter(Boolean));
  }

  private show(): void {
    ui.extensions.value = this.scripts.map((script) => this.viewOf(script));
  }

  private viewOf(script: Script): ExtensionView {
    const { host, plugin, url, tier } = script;
    const kinds = [...(host?.added ?? [])].filter(([, count]) => count > 0);
    return {
      url,
      name: plugin?.name ?? nameOf(url),
      tier,
      insides: [...script.insides],
      on: !this.off().has(url),
      adds: plugin ? kinds.map(([kind, count]) => `${String(count)} ${WORDS[kind]?.(count === 1) ?? kind}`) : [...script.names],
      errors: [...script.errors, ...(host?.errors ?? [])],
      settings: this.settingsOf(script),
      toggle: () => { this.toggle(script); },
    };
  }

  private settingsOf({ host, names }: Script): ExtensionView["settings"] {
    if (!host) return this.comfy?.views(names) ?? [];
    return host.settings().map((setting) => ({
      id: setting.id,
      name: setting.name,
      value: host.setting(setting.id),
      choices: setting.choices,
      choose: (value) => { host.choose(setting, value); },
    }));
  }
}

const addressOf = (url: string): string => new URL(url.slice(1), document.baseURI).href;

function asPlugin(made: unknown): Plugin {
  if (typeof made === "object" && made !== null && typeof (made as Plugin).name === "string") return made as Plugin;
  throw new Error(t("its default export is no plugin made by definePlugin"));
}

/** The pack and file of an address. */
const nameOf = (url: string): string => decodeURIComponent(url).replace(/^\/extensions\//, "");

/** Load what packs add to the page. */
export const loadPlugins = (app: App): Promise<void> => new Extensions(app).load();
