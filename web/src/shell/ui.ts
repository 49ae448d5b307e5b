/** What the panels show. Signals live here only; canvas and model never read them. */
import { signal } from "@preact/signals";
import type { Vec } from "../canvas/camera";
import type { NodeSpec } from "../model/schema";
import type { SocketFilter } from "../model/search";
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

/** One finished job with pictures. */
export interface Result {
  job: string;
  pictures: { url: string; thumb: string; name: string }[];
  /** The workflow that made it, where the server kept it. */
  workflow: unknown;
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

export interface MenuLine {
  title: string;
  keys?: string;
  run: () => void;
  enabled?: boolean;
}

export const ui = {
  connected: signal(true),
  queueCount: signal(0),
  /** How many jobs one press of Run queues. */
  runCount: signal(1),
  running: signal(false),
  progress: signal(0),
  tabs: signal<TabView[]>([]),
  name: signal("Untitled"),
  saved: signal(true),
  /** The shown document's file was changed elsewhere. */
  conflict: signal(false),
  canUndo: signal(false),
  canRedo: signal(false),
  /** The levels above the shown one and itself, from the workflow inward; empty at the root. */
  trail: signal<{ keys: readonly Key[]; name: string }[]>([]),
  zoom: signal(1),
  theme: signal<"dark" | "light">("dark"),
  panel: signal<"queue" | "results" | "problems" | null>(null),
  problems: signal<Problem[]>([]),
  results: signal<Result[]>([]),
  toasts: signal<Toast[]>([]),
  palette: signal(false),
  dialog: signal<"open" | "save" | "versions" | null>(null),
  canvasOnly: signal(false),
  search: signal<{ at: Vec; filter: SocketFilter | null; chosen: (spec: NodeSpec) => void } | null>(null),
  menu: signal<{ at: Vec; lines: (MenuLine | null)[] } | null>(null),
  viewer: signal<{ urls: readonly string[]; at: number } | null>(null),
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
