/**
 * Asks the server what a run would do, after edits and runs, and puts the answer on the nodes.
 *
 * Invariant: a question is asked only while the page is seen, nothing runs and the prompt differs
 * from the one asked before; an answer about a graph that changed meanwhile is dropped.
 */
import { type JsonObject, stringifyJson } from "../model/json";
import { estimate, type Outlook, readOutlook } from "../model/outlook";
import { buildPrompt, type Prompt } from "../model/prompt";
import type { HeatOf } from "../canvas/forecast";
import type { App } from "./app";
import { ui } from "./ui";

const CALM_MS = 400;

/** Dynamic prompts must not make every question a new one. */
const steady = (): number => 0;

export class Forecaster {
  private on = true;
  /** The server's node types are known: before that no graph can be judged. */
  private ready = false;
  private timer = 0;
  private asked = "";
  private turn = 0;

  constructor(private readonly app: App) {
    document.addEventListener("visibilitychange", () => {
      this.later();
    });
    ui.endedJobs.subscribe(() => {
      this.asked = "";
      this.later();
    });
    for (const signal of [ui.running, ui.queueCount]) signal.subscribe(() => {
      this.later();
    });
  }

  /** Switch the marks on or off. */
  turnOn(on: boolean): void {
    this.on = on;
    this.asked = "";
    if (on) this.later();
    else this.show(null);
  }

  /** Node types came or changed. */
  start(): void {
    this.ready = true;
    this.later();
  }

  /** Something changed that may change what would run. */
  later(): void {
    clearTimeout(this.timer);
    if (this.on) this.timer = window.setTimeout(() => void this.ask(), CALM_MS);
  }

  /** Another document is shown: what was known is not about it. */
  reset(): void {
    this.asked = "";
    this.show(null);
    this.later();
  }

  heat(of: HeatOf | null): void {
    const { scene, renderer } = this.app;
    scene.forecast.heat = of;
    ui.heat.value = of;
    renderer.ask("world");
  }

  private async ask(): Promise<void> {
    const { app } = this;
    if (!this.on || !this.ready || document.hidden || ui.running.value || ui.queueCount.value > 0) return;
    const prompt = promptOf(app);
    if (!prompt) return;
    // Seeds beyond 2^53 are bigints, which plain JSON cannot write.
    const body = stringifyJson(prompt as unknown as JsonObject);
    if (body === this.asked) return;
    this.asked = body;
    const turn = ++this.turn;
    const outlook = Object.keys(prompt).length === 0 ? null : await this.fetch(prompt);
    if (turn === this.turn && this.on) this.show(outlook, prompt);
  }

  /** Ask what the nodes of a prompt usually take, for a run that is only thought of. */
  async learn(prompt: Prompt): Promise<void> {
    const outlook = await this.fetch(prompt);
    if (outlook) this.remember(outlook, prompt);
  }

  private async fetch(prompt: Prompt): Promise<Outlook | null> {
    const answer = await this.app.client.json("x/plan", "POST", { prompt: prompt as unknown as JsonObject }).catch(() => null);
    return readOutlook(answer);
  }

  private show(outlook: Outlook | null, prompt: Prompt = {}): void {
    const { forecast } = this.app.scene;
    if (!outlook && !forecast.outlook) return;
    forecast.set(outlook);
    if (outlook) this.remember(outlook, prompt);
    ui.estimate.value = outlook ? estimate(outlook) : "";
    this.app.renderer.ask("world");
  }

  private remember({ nodes }: Outlook, prompt: Prompt): void {
    for (const [id, { ms, bytes }] of nodes) {
      const kind = prompt[id]?.class_type;
      if (kind !== undefined && (ms !== null || bytes !== null)) this.app.scene.forecast.usual.set(kind, { ms, bytes });
    }
  }
}

/** What would be sent; null while the graph cannot be sent at all. Titles change nothing. */
function promptOf(app: App): Prompt | null {
  try {
    const prompt = buildPrompt(app.session.doc, app.scene.specs, steady);
    return Object.fromEntries(Object.entries(prompt).map(([id, node]) => [id, { ...node, _meta: { title: "" } }]));
  } catch {
    return null;
  }
}
