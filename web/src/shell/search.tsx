/** Choosing from a list by typing: the node search and the command palette. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { typeColor } from "../canvas/theme";
import { readable } from "../input/keymap";
import type { Command } from "../input/commands";
import { typeName } from "../model/types";
import type { NodeSpec } from "../model/schema";
import { isBorder } from "../model/subgraphspec";
import { score, searchNodes, type SocketFilter } from "../model/search";
import type { App } from "./app";
import { Icon } from "./icons";
import { noteUse } from "./kept";
import { SETTINGS } from "./settings";
import { ui } from "./ui";

interface ChooserProps<T> {
  label: string;
  find: (query: string) => T[];
  line: (item: T) => ComponentChildren;
  choose: (item: T) => void;
  close: () => void;
  note?: ComponentChildren;
}

/** A text field over a list; arrows and Enter choose, Escape closes. */
function Chooser<T>({ label, find, line, choose, close, note }: ChooserProps<T>): JSX.Element {
  const query = useSignal("");
  const at = useSignal(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = find(query.value);
  // Before the next key arrives: what is typed right after a double click belongs here.
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => list.current?.children[at.value]?.scrollIntoView({ block: "nearest" }), [at.value]);
  const key = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const item = found[at.value];
    if (step !== 0) at.value = Math.min(found.length - 1, Math.max(0, at.value + step));
    else if (event.key === "Enter" && !event.ctrlKey && item) {
      close();
      choose(item);
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="chooser" role="dialog" aria-label={label}>
      <div class="chooser-field">
        <Icon name="search" size={15} />
        <input
          ref={field}
          placeholder={label}
          aria-label={label}
          spellcheck={false}
          onKeyDown={key}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            at.value = 0;
          }}
        />
        {note}
      </div>
      <div class="chooser-list" role="listbox" aria-label={label} ref={list}>
        {found.map((item, i) => (
          <div
            key={i}
            role="option"
            aria-selected={i === at.value}
            class="chooser-line"
            onPointerMove={() => (at.value = i)}
            onClick={() => {
              close();
              choose(item);
            }}
          >
            {line(item)}
          </div>
        ))}
        {found.length === 0 && <p class="empty">{t("Nothing matches.")}</p>}
      </div>
    </div>
  );
}

function labelOf(filter: SocketFilter | null): string {
  if (!filter) return t("Search nodes");
  const type = typeName(filter.type);
  return filter.side === "input" ? t("Nodes that take {type}", { type }) : t("Nodes that give {type}", { type });
}

/** The node search at the pointer; only nodes that fit when a wire led here. */
export function NodeSearch({ app }: { app: App }): JSX.Element | null {
  const asked = ui.search.value;
  if (!asked) return null;
  const { camera } = app.renderer;
  const width = Math.min(380, camera.width - 16);
  const x = Math.max(8, Math.min(asked.at.x - 24, camera.width - width - 8));
  const y = Math.max(8, Math.min(asked.at.y - 20, camera.height - 388));
  const theme = ui.theme.value;
  const close = (): void => {
    ui.search.value = null;
    app.renderer.host.focus({ preventScroll: true });
  };
  const { filter } = asked;
  return (
    <div class="scrim clear" onPointerDown={(e) => e.target === e.currentTarget && close()}>
      <div class="at-point" style={{ left: `${String(x)}px`, top: `${String(y)}px`, width: `${String(width)}px` }}>
        <Chooser<NodeSpec>
          label={labelOf(filter)}
          find={(query) => searchNodes(app.scene.specs.values(), query, filter)}
          line={(spec) => (
            <>
              <i class="type-dot" style={{ background: typeColor(theme, spec.outputs[0]?.type ?? spec.inputs[0]?.type ?? "*") }} />
              <span class="line-title">{spec.title}</span>
              <span class="line-note">{spec.category}</span>
            </>
          )}
          choose={(spec) => {
            noteUse(spec.type);
            asked.chosen(spec);
          }}
          close={close}
        />
      </div>
    </div>
  );
}

/** Every command by name: the main menu. */
export function Palette({ app }: { app: App }): JSX.Element | null {
  if (!ui.palette.value) return null;
  const close = (): void => {
    ui.palette.value = false;
    app.renderer.host.focus({ preventScroll: true });
  };
  return (
    <div class="scrim" onPointerDown={(e) => e.target === e.currentTarget && close()}>
      <div class="palette">
        <Chooser<Command>
          label={t("Search commands")}
          find={(query) => findAll(app, query)}
          line={(command) => (
            <>
              <span class={`line-title ${command.enabled?.() === false ? "off" : ""}`}>{t(command.title)}</span>
              <span class="line-note">{t(command.group)}</span>
              <kbd>{command.keys ? readable(command.keys) : ""}</kbd>
            </>
          )}
          choose={(command) => app.commands.get(command.id) ? app.commands.run(command.id) : command.run()}
          close={close}
        />
      </div>
    </div>
  );
}

const GROUPS: Command["group"][] = ["Run", "Workflow", "Edit", "View", "Extension"];

function rank(commands: Command[], query: string): Command[] {
  const shown = commands.filter((command) => command.id !== "palette");
  if (query.trim() === "") return shown.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
  return marked(shown, query).map(([, command]) => command);
}

function marked(shown: readonly Command[], query: string): [number, Command][] {
  const marks = shown.map((command): [number, Command] => [Math.max(score(query.trim(), command.title), score(query.trim(), t(command.title))), command]);
  return marks.filter(([mark]) => mark > 0).sort((a, b) => b[0] - a[0]);
}

/** From here on a match is no guess: the beginning of a word, or the first letters of several. */
const SURE = 200;
const MOST = 8;

/** Commands that are surely meant, then settings and nodes, then what else might be. */
function findAll(app: App, query: string): Command[] {
  const commands = rank(app.commands.all(), query);
  if (query.trim() === "") return commands;
  const sure = new Set(marked(commands, query).flatMap(([mark, command]) => (mark >= SURE ? [command] : [])));
  const others = marked([...settingLines(), ...nodeLines(app)], query).filter(([mark]) => mark >= SURE).slice(0, MOST);
  return [...sure, ...others.map(([, line]) => line), ...commands.filter((command) => !sure.has(command))];
}

const settingLines = (): Command[] => SETTINGS.map(({ id, name }) => ({ id, title: name, group: "Setting", run: () => {
  ui.dialog.value = "settings";
} }));

const nodeLines = (app: App): Command[] => [...app.scene.specs.values()].filter((spec) => !isBorder(spec.type)).map((spec) => ({
  id: `add-${spec.type}`, title: spec.title, group: "Node", run: () => {
    noteUse(spec.type);
    app.workspace.add(spec, app.workspace.here());
  },
}));
