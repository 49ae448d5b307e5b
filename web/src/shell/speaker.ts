/**
 * What a screen reader hears of the canvas: the selected node as the active descendant.
 *
 * Invariant: words are made a moment after the last change and only while the canvas has the focus,
 * so that dragging and running cost nothing.
 */
import { t } from "../i18n";
import { describeNode } from "../model/describe";
import type { App } from "./app";
import { ui } from "./ui";

const MOMENT_MS = 120;
const STATES: Readonly<Record<string, string>> = { running: "running", done: "done", cached: "from the cache", error: "failed" };

export function describeCanvas(app: App, host: HTMLElement): void {
  const said = document.createElement("div");
  said.className = "sr-only";
  said.setAttribute("role", "group");
  host.append(said);
  let timer = 0;
  const tell = (): void => {
    timer = 0;
    const text = wordsOf(app);
    if (text === said.getAttribute("aria-label")) return;
    said.setAttribute("aria-label", text);
    said.setAttribute("aria-roledescription", t("node"));
    // Readers speak when another element becomes the active one.
    said.id = text === "" ? "" : `node-${app.workspace.selected().join("-").slice(0, 60).replaceAll(":", "-")}`;
    if (text === "") host.removeAttribute("aria-activedescendant");
    else host.setAttribute("aria-activedescendant", said.id);
  };
  const later = (): void => {
    if (document.activeElement !== host) return;
    clearTimeout(timer);
    timer = window.setTimeout(tell, MOMENT_MS);
  };
  app.renderer.watchers.add(later);
  host.addEventListener("focus", later);
}

function wordsOf(app: App): string {
  const keys = app.workspace.selected();
  const [key] = keys;
  if (key === undefined) return "";
  if (keys.length > 1) return t("{n} nodes are selected.", { n: keys.length });
  const mark = app.scene.mark(key);
  const state = mark.errors.length > 0 ? "failed" : STATES[mark.state];
  const steps = mark.progress && mark.state === "running" ? [t("{value} of {max}", { ...mark.progress })] : [];
  const errors = mark.errors.map((error) => error.text);
  const words = [...(state ? [t(state)] : []), ...steps, ...errors];
  return describeNode(app.scene.doc, app.scene.specs, key, words);
}

/** Say something only to those who listen. */
export function speakAloud(text: string): void {
  ui.spoken.value = text;
}
