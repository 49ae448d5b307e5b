/** What the panels show. Signals live here only; canvas and model never read them. */
import { signal } from "@preact/signals";
import type { Language } from "../i18n";
import type { Vec } from "../canvas/camera";
import type { HeatOf } from "../canvas/forecast";
import { type Theme, THEMES } from "../canvas/theme";
import type { NodeSpec } from "../model/schema";
import type { SocketFilter } from "../model/search";
import type { FileRef } from "../net/client";
import type { Shown as Compared } from "./comparing";
import type { MaskJob } from "./clipspace";
import type { Key } from "../model/workflow";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run: () => void };
}

export interface Problem {
  node: Key;
  title: string;
  text: string;
}

/** Something that can be shown large. */
export interface Shown {
  url: string;
  name: string;
  kind: "images" | "video" | "audio" | "other";
  /** Where the server has it; null for what is only in the page. */
  file: FileRef | null;
  /** The job that made it, its document's name and its time, where known. */
  job: string | null;
  paper: string | null;
  at: number | null;
}

/** A picture of which only the address is known. */
export function shownAt(url: string): Shown {
  const query = new URL(url, document.baseURI).searchParams;
  const [filename, subfolder, type] = ["filename", "subfolder", "type"].map((name) => query.get(name));
  const file = filename ? { filename, subfolder: subfolder ?? "", type: type ?? "output" } : null;
  const kind = /\.(webm|mp4|mkv|mov)$/i.test(filename ?? "") ? "video" : /\.(flac|mp3|ogg|opus|wav)$/i.test(filename ?? "") ? "audio" : "images";
  return { url, name: filename ?? "Picture", kind, file, job: null, paper: null, at: null };
}

/** An open document in the top bar. */
export interface TabView {
  id: string;
  name: string;
  saved: boolean;
  active: boolean;
  /** Share of its running job. */
  progress: number | null;
  /** Someone else changed its file. */
  alarm: boolean;
}

export type PanelName = "queue" | "results" | "problems" | "library" | "help" | "outline" | "changes" | "log" | `plugin:${string}`;

export interface MenuLine {
  title: string;
  /** A colour shown before the title. */
  swatch?: string;
  keys?: string;
  run: () => void;
  enabled?: boolean;
}

/** Who uses the page, on a server that asks. */
export interface Person {
  name: string;
  role: string;
  /** Has an account, and so tokens; not the one token of a server. */
  account: boolean;
}

/** A panel of a plugin: it fills an element, and what it returns is called when it closes. */
export interface PluginPanel {
  title: string;
  render: (element: HTMLElement) => () => void;
}

/** A script of a node pack, as the list of extensions shows it. */
export interface ExtensionView {
  /** Its address, which names it. */
  url: string;
  name: string;
  /** Written for this page, or for the one whose formats we share, or to change that one's insides. */
  tier: "native" | "comfy" | "insides";
  /** Insides of that page that it changes, by name. */
  insides: string[];
  /** Switched on by the user. */
  on: boolean;
  /** What it has added, such as "2 commands". */
  adds: string[];
  errors: string[];
  settings: { id: string; name: string; value: string; choices: readonly (readonly [string, string])[]; choose: (value: string) => void }[];
  toggle: () => void;
}

export const ui = {
  extensions: signal<readonly ExtensionView[]>([]),
  pluginPanels: signal<ReadonlyMap<string, PluginPanel>>(new Map()),
  connected: signal(true),
  queueCount: signal(0),
  /** How many jobs one press of Run queues. */
  runCount: signal(1),
  running: signal(false),
  progress: signal(0),
  /** What a run would take, in words; empty if unknown. */
  estimate: signal(""),
  /** What nodes are coloured by. */
  heat: signal<HeatOf | null>(null),
  tabs: signal<TabView[]>([]),
  name: signal("Untitled"),
  saved: signal(true),
  /** The shown document's file was changed elsewhere. */
  conflict: signal(false),
  /** The shown workflow has no node. */
  empty: signal(false),
  canUndo: signal(false),
  canRedo: signal(false),
  /** The levels above the shown one and itself, from the workflow inward; empty at the root. */
  trail: signal<{ keys: readonly Key[]; name: string }[]>([]),
  zoom: signal(1),
  map: signal(false),
  /** The bar over the selection is wanted. */
  toolbox: signal(true),
  /** Null on a server without accounts. */
  me: signal<Person | null>(null),
  theme: signal<Theme>(THEMES.dark),
  language: signal<Language>("en"),
  /** Counts changes of settings. */
  settings: signal(0),
  /** Counts changes of keys. */
  keys: signal(0),
  panel: signal<PanelName | null>(null),
  /** The node type that the help panel tells about. */
  help: signal<string | null>(null),
  problems: signal<Problem[]>([]),
  /** What differs from the version that the shown document is compared with. */
  changes: signal<Compared | null>(null),
  /** Counts jobs that ended, so that lists of results know when to look again. */
  endedJobs: signal(0),
  /** What was last said to those who listen only. */
  spoken: signal(""),
  toasts: signal<Toast[]>([]),
  palette: signal(false),
  dialog: signal<"open" | "save" | "versions" | "settings" | "missing" | "sweep" | "compare" | "keys" | "templates" | "about" | "palettes" | "guide" | "account" | "extensions" | "consent" | null>(null),
  canvasOnly: signal(false),
  /** The form of the shown workflow covers its graph. */
  form: signal(false),
  search: signal<{ at: Vec; filter: SocketFilter | null; chosen: (spec: NodeSpec) => void } | null>(null),
  menu: signal<{ at: Vec; lines: (MenuLine | null)[] } | null>(null),
  /** Counts edits of the shown document while it has axes; the strip is there while it is not 0. */
  axes: signal(0),
  /** The input whose values are being chosen. */
  axis: signal<{ node: Key; input: string } | null>(null),
  /** The sweep whose results are shown. */
  sweep: signal<string | null>(null),
  mask: signal<MaskJob | null>(null),
  viewer: signal<{ items: readonly Shown[]; at: number; compare?: boolean } | null>(null),
};

let nextToast = 1;
const TOAST_MS = 6000;

/** Say something for a few seconds; errors stay longer. */
export function toast(text: string, kind: Toast["kind"] = "info", action?: Toast["action"]): void {
  const entry: Toast = { id: nextToast++, text, kind, ...(action ? { action } : {}) };
  const others = ui.toasts.value.filter((other) => other.text !== text);
  ui.toasts.value = [...others.slice(-3), entry];
  setTimeout(() => {
    dropToast(entry.id);
  }, kind === "error" ? 2 * TOAST_MS : TOAST_MS);
}

export function dropToast(id: number): void {
  ui.toasts.value = ui.toasts.value.filter((entry) => entry.id !== id);
}

/** The sentence of whatever was thrown. */
export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
