/** The log of the server as it is written: followed, filtered by level and text, copied. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { App } from "./app";
import { sentenceOf, toast, ui } from "./ui";
import "./log.css";

interface Entry {
  at: string;
  text: string;
  level: string;
}

/** What is shown: a level and everything graver. */
const LEVELS = { debug: "Everything", info: "Messages", warning: "Warnings", error: "Errors" } as const;
const GRAVITY = ["debug", "info", "warning", "error", "critical"];
/** More lines than the server keeps, so that following for a while loses nothing. */
const MOST = 2000;

const entries = signal<readonly Entry[]>([]);

function readEntries(value: Json | undefined): Entry[] {
  return (Array.isArray(value) ? value : []).filter(isObject).map((line) => {
    const text = typeof line["m"] === "string" ? line["m"].replace(/\n$/, "") : "";
    return { at: typeof line["t"] === "string" ? line["t"] : "", text, level: typeof line["level"] === "string" ? line["level"] : "info" };
  });
}

/** Listen while the panel is open; returns how to stop. */
function follow(app: App): () => void {
  const hear = (type: string, data: JsonObject): void => {
    if (type === "logs") entries.value = [...entries.value, ...readEntries(data["entries"])].slice(-MOST);
  };
  const listen = (enabled: boolean): Promise<Json> => app.client.json("internal/logs/subscribe", "PATCH", { enabled, clientId: app.tab });
  app.running.hearers.add(hear);
  void (async () => {
    try {
      await listen(true);
      const answer = await app.client.json("internal/logs/raw");
      entries.value = readEntries(isObject(answer) ? answer["entries"] : []);
    } catch (error) {
      toast(sentenceOf(error), "error");
    }
  })();
  return () => {
    app.running.hearers.delete(hear);
    void listen(false).catch(() => undefined);
  };
}

export function LogPanel({ app }: { app: App }): JSX.Element {
  const level = useSignal("debug");
  const query = useSignal("");
  const { value: connected } = ui.connected;
  // A server that came back has forgotten who listens.
  useEffect(() => (connected ? follow(app) : undefined), [connected]);
  const least = GRAVITY.indexOf(level.value);
  const words = query.value.toLowerCase();
  const shown = entries.value.filter((one) => GRAVITY.indexOf(one.level) >= least && one.text.toLowerCase().includes(words));
  return (
    <div class="log">
      <div class="log-head">
        <input type="search" placeholder={t("Search the log")} aria-label={t("Search the log")} value={query.value} onInput={(event) => (query.value = event.currentTarget.value)} />
        <select aria-label={t("Level")} value={level.value} onChange={(event) => (level.value = event.currentTarget.value)}>
          {Object.entries(LEVELS).map(([value, text]) => <option key={value} value={value}>{t(text)}</option>)}
        </select>
        <button class="text-button" disabled={shown.length === 0} onClick={() => copyAll(shown)}>{t("Copy")}</button>
      </div>
      <Lines shown={shown} />
    </div>
  );
}

/** Follows the end, as long as the end is in sight. */
function Lines({ shown }: { shown: readonly Entry[] }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    if (list.current && following.current) list.current.scrollTop = list.current.scrollHeight;
  }, [shown.length, shown.at(-1)]);
  const scrolled = (): void => {
    const box = list.current;
    if (box) following.current = box.scrollTop + box.clientHeight > box.scrollHeight - 24;
  };
  return (
    <div ref={list} class="log-lines" role="log" aria-label={t("Log")} tabIndex={0} onScroll={scrolled}>
      {shown.length === 0 && <p class="empty">{t("No lines.")}</p>}
      {shown.map((line, i) => (
        <div key={i} class={`log-line ${line.level}`}>
          <time>{new Date(line.at).toLocaleTimeString()}</time>
          <span>{line.text}</span>
        </div>
      ))}
    </div>
  );
}

function copyAll(shown: readonly Entry[]): void {
  const text = shown.map((line) => `${line.at} ${line.level} ${line.text}`).join("\n");
  const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error(t("Only a secure connection lets pages copy; select the lines instead.")));
  done.then(() => {
    toast(t("Copied."));
  }, (error: unknown) => {
    toast(sentenceOf(error), "error");
  });
}
