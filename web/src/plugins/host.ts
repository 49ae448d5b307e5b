/**
 * One plugin at work: what it has added, what it may ask, and what went wrong.
 *
 * Invariant: everything a plugin adds is taken back when it stops, in the opposite order; an error of
 * its code is caught, named and told, and drawing that failed is not tried again.
 */
import { t } from "../i18n";
import type { Env } from "../canvas/drawnode";
import type { App } from "../shell/app";
import { sentenceOf, toast, ui } from "../shell/ui";
import type { Command, Disposable, Keys, Loom, NodeRenderer, Overlay, Panel, Plugin, PluginNode, Setting, Value, Widget } from "../../public/loom/plugin";
import { lend, lookOf } from "./drawing";
import { pluginNode } from "./nodes";

export class Host implements Loom {
  readonly errors: string[] = [];
  /** How many of each kind it has added: commands, panels ... */
  readonly added = new Map<string, number>();
  private readonly owned: (() => void)[] = [];

  /** `told` is called after anything that the list of extensions shows has changed. */
  constructor(
    private readonly app: App,
    readonly plugin: Plugin,
    private readonly told: () => void,
  ) {}

  start(): void {
    const { plugin } = this;
    this.guard("start", () => {
      plugin.commands?.forEach((one) => this.addCommand(one));
      plugin.keys?.forEach((one) => this.addKeys(one));
      plugin.panels?.forEach((one) => this.addPanel(one));
      plugin.overlays?.forEach((one) => this.addOverlay(one));
      plugin.nodeRenderers?.forEach((one) => this.addNodeRenderer(one));
      plugin.widgets?.forEach((one) => this.addWidget(one));
      const end = plugin.start?.(this);
      if (end) this.own("", () => { this.guard("dispose", () => { end.dispose(); }); });
    });
  }

  stop(): void {
    for (const dispose of this.owned.splice(0).reverse()) dispose();
    this.redraw();
  }

  // What it may ask

  nodes(): PluginNode[] {
    this.app.scene.refresh();
    return [...this.app.scene.boxes.values()].map((box) => pluginNode(this.app, box));
  }

  select(ids: readonly string[]): void {
    this.app.workspace.select(ids.filter((id) => this.app.scene.boxes.has(id)));
  }

  run(command: string): boolean {
    return this.app.commands.run(command);
  }

  say(text: string): void {
    toast(text);
  }

  setting(id: string): string {
    const setting = this.settings().find((one) => one.id === id);
    const stored = localStorage.getItem(this.settingKey(id));
    return setting?.choices.find(([value]) => value === stored)?.[0] ?? setting?.choices[0]?.[0] ?? "";
  }

  settings(): readonly Setting[] {
    return this.plugin.settings ?? [];
  }

  choose(setting: Setting, value: string): void {
    void this.app.settings.set(this.settingKey(setting.id), value);
    this.guard(setting.id, () => setting.changed?.(value, this));
    this.redraw();
    this.told();
  }

  redraw(): void {
    this.app.renderer.ask("world");
  }

  onChange(listener: () => void): Disposable {
    const { scene, renderer } = this.app;
    const now = (): string => `${String(scene.doc.revision)} ${String(scene.version)} ${[...scene.selection].join()}`;
    let before = now();
    const look = (): void => {
      const after = now();
      if (after === before) return;
      before = after;
      this.guard("onChange", listener);
    };
    renderer.watchers.add(look);
    return this.own("", () => renderer.watchers.delete(look));
  }

  // What it may add

  addCommand(command: Command): Disposable {
    const { commands } = this.app;
    const id = this.idOf(command.id);
    if (commands.get(id)) throw new Error(t("there is a command {id} already", { id: command.id }));
    const run = (): void => {
      this.guard(command.title, () => { command.run(this); });
    };
    commands.add({ id, title: command.title, group: "Extension", run, ...(command.keys ? { keys: command.keys } : {}) });
    ui.keys.value++;
    return this.own("command", () => {
      commands.remove(id);
      ui.keys.value++;
    });
  }

  addKeys({ keys, command }: Keys): Disposable {
    const { commands } = this.app;
    const target = commands.get(command) ?? commands.get(this.idOf(command));
    if (!target) throw new Error(t("there is no command {id}", { id: command }));
    const id = this.idOf(`keys ${keys}`);
    commands.add({ id, title: target.title, group: "Extension", keys, run: () => void commands.run(target.id) });
    ui.keys.value++;
    return this.own("key", () => {
      commands.remove(id);
      ui.keys.value++;
    });
  }

  addPanel(panel: Panel): Disposable {
    const name = `plugin:${this.plugin.name}:${panel.id}` as const;
    const render = (element: HTMLElement): (() => void) => {
      const end = this.guard(panel.title, () => panel.render(element, this));
      return () => { this.guard(panel.title, () => end?.()); };
    };
    ui.pluginPanels.value = new Map(ui.pluginPanels.value).set(name, { title: panel.title, render });
    const open = this.addCommand({ id: `panel ${panel.id}`, title: panel.title, run: () => {
      ui.panel.value = ui.panel.value === name ? null : name;
    } });
    return this.own("panel", () => {
      open.dispose();
      if (ui.panel.value === name) ui.panel.value = null;
      const left = new Map(ui.pluginPanels.value);
      left.delete(name);
      ui.pluginPanels.value = left;
    });
  }

  addOverlay(overlay: Overlay): Disposable {
    const { plugged } = this.app.scene;
    const draw = (env: Env): void => {
      const look = lookOf(env.theme, env.camera.scale);
      this.lend(env, { x: 0, y: 0 }, overlay.id, () => { overlay.draw(env.ctx, look, this); }, () => plugged.overlays.delete(draw));
    };
    plugged.overlays.add(draw);
    this.redraw();
    return this.own("overlay", () => plugged.overlays.delete(draw));
  }

  addNodeRenderer({ type, draw }: NodeRenderer): Disposable {
    const { nodes } = this.app.scene.plugged;
    const parts = nodes.get(type) ?? new Set();
    nodes.set(type, parts);
    const part: Parameters<typeof parts.add>[0] = (env, box) => {
      const look = lookOf(env.theme, env.camera.scale);
      this.lend(env, { x: 0, y: 0 }, type, () => { draw(env.ctx, pluginNode(this.app, box), look); }, () => parts.delete(part));
    };
    parts.add(part);
    this.redraw();
    return this.own("node renderer", () => parts.delete(part));
  }

  addWidget(widget: Widget): Disposable {
    const { plugged } = this.app.scene;
    if (plugged.widget(widget.node, widget.input)) throw new Error(t("{input} of {node} is drawn by another plugin", { input: widget.input, node: widget.node }));
    const remove = (): void => { plugged.setWidget(widget.node, widget.input, null); };
    plugged.setWidget(widget.node, widget.input, {
      draw: (env, rect, value) => {
        const look = lookOf(env.theme, env.camera.scale);
        const room = { x: 0, y: 0, width: rect.w, height: rect.h };
        this.lend(env, rect, widget.input, () => { widget.draw(env.ctx, room, value as Value, look); }, remove);
      },
      press: (at, box) => {
        if (!widget.press) return false;
        this.guard(widget.input, () => widget.press?.(at, pluginNode(this.app, box)));
        return true;
      },
    });
    this.redraw();
    return this.own("widget", remove);
  }

  // How it is kept apart

  private idOf(id: string): string {
    return `plugin:${this.plugin.name}:${id}`;
  }

  private settingKey(id: string): string {
    return `plugin.${this.plugin.name}.${id}`;
  }

  private own(kind: string, undo: () => unknown): Disposable {
    let done = false;
    const once = (): void => {
      if (done) return;
      done = true;
      undo();
      if (kind) this.count(kind, -1);
      this.redraw();
    };
    this.owned.push(once);
    if (kind) this.count(kind, 1);
    return { dispose: once };
  }

  private count(kind: string, by: number): void {
    this.added.set(kind, (this.added.get(kind) ?? 0) + by);
    this.told();
  }

  private guard<T>(what: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.fail(what, error);
      return undefined;
    }
  }

  /** Draw; what failed is not drawn again, and the frame that it spoilt is. */
  private lend(env: Env, at: { x: number; y: number }, what: string, draw: () => void, giveUp: () => void): void {
    lend(env, at, draw, (error) => {
      giveUp();
      queueMicrotask(() => {
        this.fail(what, error);
        this.redraw();
      });
    });
  }

  private fail(what: string, error: unknown): void {
    const why = sentenceOf(error);
    const text = t("{name} failed in {what}: {why}", { name: this.plugin.name, what, why });
    if (!this.errors.includes(text)) {
      this.errors.push(text);
      toast(text, "error");
    }
    this.told();
  }
}
