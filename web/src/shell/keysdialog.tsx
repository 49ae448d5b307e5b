/** The dialog of keys: what starts every command, changed by pressing the new keys. */
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { type Bindings, give, keysOf, othersWith, refusal, reset, take } from "../input/bindings";
import { comboOf, readableCombo } from "../input/keymap";
import type { Command } from "../input/commands";
import { stringifyJson } from "../model/json";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { Icon } from "./icons";
import { ui } from "./ui";
import "./keys.css";

const GROUPS: readonly Command["group"][] = ["Run", "Workflow", "Edit", "View"];

/** A command that waits for keys: in place of `old`, or as one more. `combo` is what was pressed. */
interface Listening {
  id: string;
  old: string | null;
  combo: string | null;
}

interface PartProps {
  app: App;
  command: Command;
  listening: Signal<Listening | null>;
}

function matches(command: Command, query: string): boolean {
  const texts = [command.title, t(command.title), command.group, t(command.group), ...keysOf(command).flatMap((key) => [key, readableCombo(key)])];
  const all = texts.join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

function keep(app: App, bindings: Bindings): void {
  void app.settings.set("loom.keys", stringifyJson({ ...bindings }));
}

export function KeysDialog({ app }: { app: App }): JSX.Element {
  const query = useSignal("");
  const listening = useSignal<Listening | null>(null);
  void ui.keys.value;
  const shown = app.commands.all().filter((command) => matches(command, query.value));
  const groups = [...new Set([...GROUPS, ...shown.map((command) => command.group)])];
  return (
    <Frame title={t("Keys")}>
      <div class="keys-head">
        <input
          type="search" autofocus placeholder={t("Search commands and keys")} aria-label={t("Search commands and keys")}
          value={query.value} onInput={(event) => (query.value = event.currentTarget.value)}
        />
        <button class="text-button" disabled={Object.keys(app.commands.bindings).length === 0} onClick={() => keep(app, {})}>
          {t("Reset all")}
        </button>
      </div>
      <div class="keys">
        {groups.map((group) => {
          const lines = shown.filter((command) => command.group === group);
          return lines.length > 0 && (
            <section key={group} aria-label={t(group)}>
              <h3>{t(group)}</h3>
              {lines.map((command) => <Line key={command.id} app={app} command={command} listening={listening} />)}
            </section>
          );
        })}
        {shown.length === 0 && <p class="empty">{t("Nothing matches.")}</p>}
      </div>
    </Frame>
  );
}

function Line({ app, command, listening }: PartProps): JSX.Element {
  const title = t(command.title);
  const asked = listening.value?.id === command.id ? listening.value : null;
  return (
    <div class="keys-line" role="group" aria-label={title}>
      <span class="keys-title">{title}</span>
      <span class="keys-chips">
        {keysOf(command).map((combo) => asked?.old === combo ? <Listen key={combo} app={app} command={command} listening={listening} /> : (
          <Chip key={combo} app={app} command={command} listening={listening} combo={combo} />
        ))}
        {asked?.old === null && <Listen app={app} command={command} listening={listening} />}
        <button class="tool" aria-label={t("Add keys to {title}", { title })} title={t("Add keys")} onClick={() => (listening.value = { id: command.id, old: null, combo: null })}>
          <Icon name="plus" size={14} />
        </button>
        {command.id in app.commands.bindings && (
          <button class="tool" aria-label={t("Reset {title}", { title })} title={t("Reset")} onClick={() => keep(app, reset(app.commands, command.id))}>
            <Icon name="undo" size={14} />
          </button>
        )}
      </span>
      {asked?.combo != null && <Asked app={app} command={command} listening={listening} />}
    </div>
  );
}

function Chip({ app, command, listening, combo }: PartProps & { combo: string }): JSX.Element {
  const others = othersWith(app.commands, command.id, combo);
  const shared = others.map((other) => t(other.title)).join(", ");
  const keys = readableCombo(combo);
  return (
    <span class={`keys-chip ${shared ? "shared" : ""}`}>
      <button
        aria-label={t("Change {keys}", { keys })} title={shared ? t("Also starts: {titles}", { titles: shared }) : t("Change {keys}", { keys })}
        onClick={() => (listening.value = { id: command.id, old: combo, combo: shared ? combo : null })}
      >
        <kbd>{keys}</kbd>
      </button>
      <button aria-label={t("Remove {keys}", { keys })} onClick={() => keep(app, take(app.commands, command.id, combo))}>
        <Icon name="close" size={11} />
      </button>
    </span>
  );
}

const MODIFIERS = new Set(["Control", "Alt", "Shift", "Meta", "AltGraph", "CapsLock", "Dead", "Process", "Unidentified"]);

/** Waits for keys; Escape or a click elsewhere gives up. */
function Listen({ app, command, listening }: PartProps): JSX.Element {
  const field = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const pressed = (event: KeyboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    const now = listening.value;
    if (MODIFIERS.has(event.key) || !now) return;
    if (event.key === "Escape") listening.value = null;
    else answer(app, { ...now, combo: comboOf(event) }, listening);
  };
  const left = (): void => {
    if (listening.value?.id === command.id && listening.value.combo === null) listening.value = null;
  };
  const combo = listening.value?.combo;
  return (
    <button ref={field} class="keys-listen" aria-live="polite" onKeyDown={pressed} onBlur={left}>
      {combo == null ? t("Press the keys…") : readableCombo(combo)}
    </button>
  );
}

/** Give the keys at once where nothing stands against it. */
function answer(app: App, asked: Listening, listening: Signal<Listening | null>): void {
  const combo = asked.combo ?? "";
  const free = refusal(combo) === null && othersWith(app.commands, asked.id, combo).length === 0;
  listening.value = free ? null : asked;
  if (free) keep(app, give(app.commands, asked.id, combo, asked.old));
}

/** What stands against the pressed keys, and the way out. */
function Asked({ app, command, listening }: PartProps): JSX.Element {
  const { combo, old } = listening.value ?? {};
  const refused = refusal(combo ?? "");
  const others = othersWith(app.commands, command.id, combo ?? "").map((other) => t(other.title)).join(", ");
  const swap = (): void => {
    listening.value = null;
    keep(app, give(app.commands, command.id, combo ?? "", old === combo ? null : (old ?? null)));
  };
  const text = refused ?? t("{keys} already starts: {titles}.", { keys: readableCombo(combo ?? ""), titles: others });
  return (
    <p class="keys-asked" role="alert">
      <span>{text}</span>
      {refused === null && <button class="text-button" onClick={swap}>{old != null && old !== combo ? t("Swap") : t("Take it over")}</button>}
      <button class="text-button" onClick={() => (listening.value = null)}>{t("Cancel")}</button>
    </p>
  );
}
