/**
 * Loading the scripts that node packs add to the page.
 *
 * Invariant: a script is read before it runs, so that one that was written for another page is named
 * and left alone instead of failing; a script that fails stops no other.
 */
import { t } from "../i18n";
import type { App } from "../shell/app";
import { type ExtensionView, sentenceOf, ui } from "../shell/ui";
import type { Plugin } from "../../public/loom/plugin";
import { Host } from "./host";

/** Where the user keeps which scripts are switched off: their addresses, one a line. */
const OFF = "loom.extensions.off";
/** What scripts import that were written for the ComfyUI page. */
const THEIRS = /(?:from|import)\s*\(?\s*["'][^"']*\/scripts\/[\w/]+\.js["']/;

/** Words for what a plugin adds. */
const WORDS: Readonly<Record<string, (one: boolean) => string>> = {
  command: (one) => (one ? t("command") : t("commands")),
  key: (one) => (one ? t("key") : t("keys")),
  panel: (one) => (one ? t("panel") : t("panels")),
  overlay: (one) => (one ? t("overlay") : t("overlays")),
  "node renderer": (one) => (one ? t("node renderer") : t("node renderers")),
  widget: (one) => (one ? t("widget") : t("widgets")),
};

/** What scripts say that change the insides of that page, and not only add to it. */
const INSIDES = /\bLGraph(?:Canvas|Node|Group)?\s*\.\s*prototype\b/;

interface Script {
  url: string;
  tier: ExtensionView["tier"];
  plugin: Plugin | null;
  host: Host | null;
  errors: string[];
}

export class Extensions {
  private readonly scripts: Script[] = [];

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
  }

  /** A script and what it defines; null for a file that is only a part of another. */
  private async read(url: string): Promise<Script | null> {
    const script: Script = { url, tier: "native", plugin: null, host: null, errors: [] };
    try {
      const answer = await fetch(new URL(url.slice(1), document.baseURI));
      const text = await answer.text();
      if (THEIRS.test(text)) return { ...script, tier: INSIDES.test(text) ? "insides" : "comfy" };
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

  private toggle(script: Script): void {
    const off = this.off();
    if (script.host) {
      off.add(script.url);
      script.host.stop();
      script.host = null;
    } else {
      off.delete(script.url);
      this.start(script);
    }
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
      on: host !== null,
      adds: kinds.map(([kind, count]) => `${String(count)} ${WORDS[kind]?.(count === 1) ?? kind}`),
      errors: [...script.errors, ...(host?.errors ?? [])],
      settings: (host?.settings() ?? []).map((setting) => ({
        id: setting.id,
        name: setting.name,
        value: host?.setting(setting.id) ?? "",
        choices: setting.choices,
        choose: (value) => host?.choose(setting, value),
      })),
      toggle: () => { this.toggle(script); },
    };
  }
}

function asPlugin(made: unknown): Plugin {
  if (typeof made === "object" && made !== null && typeof (made as Plugin).name === "string") return made as Plugin;
  throw new Error(t("its default export is no plugin made by definePlugin"));
}

/** The pack and file of an address. */
const nameOf = (url: string): string => decodeURIComponent(url).replace(/^\/extensions\//, "");

/** Load what packs add to the page. */
export const loadPlugins = (app: App): Promise<void> => new Extensions(app).load();
