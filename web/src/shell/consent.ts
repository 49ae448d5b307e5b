/** Asking the user before nodes of a pack run for the first time that want more than to compute. */
import { effect, signal } from "@preact/signals";
import { isObject, type JsonObject } from "../model/json";
import { type Asking, readAsking } from "../net/consents";
import type { App } from "./app";
import { ui } from "./ui";

/** The setting, of each user, that remembers who was allowed always: the mark by pack. */
const ALLOWED = "Loom.Packs.Allowed";

export type Consent = "once" | "always" | "no";

/** What is being asked, and where the answer goes. */
export const asked = signal<{ packs: readonly Asking[]; answer: (given: Consent) => void } | null>(null);

/** True if nothing has to be asked, or the user allows it. */
export async function mayRun(app: App, prompt: JsonObject): Promise<boolean> {
  const kinds = new Set(Object.values(prompt).map((node) => (isObject(node) ? String(node["class_type"]) : "")));
  const open = await unanswered(app, kinds);
  if (open.length === 0) return true;
  const given = await ask(open);
  if (given === "always") await remember(app, open);
  return given !== "no";
}

async function unanswered(app: App, kinds: ReadonlySet<string>): Promise<Asking[]> {
  try {
    const asking = readAsking(await app.client.json("x/packs"), kinds);
    if (asking.length === 0) return [];
    const known = await allowed(app);
    return asking.filter((pack) => known[pack.pack] !== pack.mark);
  } catch {
    return []; // the run itself will tell that the server is away
  }
}

async function allowed(app: App): Promise<JsonObject> {
  const found = await app.client.json(`settings/${ALLOWED}`);
  return isObject(found) ? found : {};
}

async function remember(app: App, packs: readonly Asking[]): Promise<void> {
  const more = Object.fromEntries(packs.map((pack) => [pack.pack, pack.mark]));
  await app.client.json("settings", "POST", { [ALLOWED]: { ...(await allowed(app)), ...more } });
}

/** Show the dialog; closing it in any other way means no. */
function ask(packs: readonly Asking[]): Promise<Consent> {
  return new Promise((done) => {
    const answer = (given: Consent): void => {
      asked.value = null;
      stop();
      if (ui.dialog.value === "consent") ui.dialog.value = null;
      done(given);
    };
    asked.value = { packs, answer };
    ui.dialog.value = "consent";
    const stop = effect(() => {
      if (ui.dialog.value !== "consent") queueMicrotask(() => asked.value && answer("no"));
    });
  });
}
