/** Keys, clipboard events and dropped files of the page, handed to those who act on them. */
import type { Vec } from "../canvas/camera";
import { dispatch, isTyping } from "../input/keymap";
import { DIRECTIONS, walk } from "../input/walking";
import { moveNodes, removeNodes } from "../model/actions";
import { type Json, stringifyJson } from "../model/json";
import { type Key, posOf } from "../model/workflow";
import type { FileRef } from "../net/client";
import type { App } from "./app";
import { dropFromLibrary } from "./placing";
import { ui } from "./ui";

/** True while a dialog, menu or list has the keyboard. */
const covered = (): boolean =>
  ui.palette.value || ui.dialog.value !== null || ui.search.value !== null || ui.menu.value !== null || ui.viewer.value !== null || ui.mask.value !== null;

export function listenToKeys(app: App): void {
  let shift = false;
  addEventListener("keydown", (event) => {
    shift = event.shiftKey;
    if (event.isComposing || event.defaultPrevented) return;
    if (covered() && event.key !== "Escape" && !(event.ctrlKey || event.metaKey)) return;
    if (event.key === "Escape") escape(app);
    else if (onCanvas(event)) canvasKey(app, event);
    if (!event.defaultPrevented && (onCanvas(event) || event.ctrlKey || event.metaKey || event.altKey || !ON_BUTTONS.has(event.key))) dispatch(app.commands, event);
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") app.pointer.panning = false;
  });
  addEventListener("blur", () => {
    app.pointer.panning = false;
  });
  listenToClipboard(app, () => shift);
}

/** Keys that, alone, are those of the element that has the focus. */
const ON_BUTTONS = new Set(["Tab", "Enter"]);

/** Tab and space belong to buttons and fields when these have the focus. */
const onCanvas = (event: KeyboardEvent): boolean =>
  !isTyping(event.target) &&
  (event.target === document.body || (event.target instanceof Element && event.target.classList.contains("canvas")));

function canvasKey(app: App, event: KeyboardEvent): void {
  if (event.key === " ") {
    event.preventDefault();
    app.pointer.panning = true;
  }
  const arrow = DIRECTIONS[event.key];
  if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const none = app.scene.selection.size === 0;
  if (none || (app.workspace.arrowsWalk && !event.shiftKey)) walk(app.workspace, arrow);
  else nudge(app, arrow, event.shiftKey ? 1 : 8);
}

/** Move the selection by a grid step; repeated presses are one step of the history. */
function nudge(app: App, { x: dx, y: dy }: Vec, by: number): void {
  const to = new Map<Key, { x: number; y: number }>();
  for (const key of app.workspace.selected()) {
    const node = app.scene.doc.node(key);
    if (node) to.set(key, { x: posOf(node)[0] + dx * by, y: posOf(node)[1] + dy * by });
  }
  moveNodes(app.scene.doc, to, `nudge ${[...to.keys()].join(" ")}`);
}

function escape(app: App): void {
  if (covered()) {
    ui.palette.value = false;
    ui.menu.value = null;
    ui.search.value = null;
    ui.viewer.value = null;
  } else if (!app.pointer.abort()) app.workspace.select([]);
}

function listenToClipboard(app: App, shift: () => boolean): void {
  const busy = (event: ClipboardEvent): boolean => isTyping(event.target) || String(getSelection()) !== "";
  const put = (event: ClipboardEvent): boolean => {
    if (busy(event) || app.scene.selection.size === 0) return false;
    const text = stringifyJson(app.workspace.copySelection() as unknown as Json);
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    return true;
  };
  addEventListener("copy", put);
  addEventListener("cut", (event) => {
    if (put(event)) removeNodes(app.scene.doc, app.workspace.selected(), "Cut");
  });
  addEventListener("paste", (event) => {
    if (isTyping(event.target)) return;
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) void app.files.drop(files, app.workspace.pointer);
    else if (!app.files.paste(event.clipboardData?.getData("text/plain") ?? "", shift())) return;
    event.preventDefault();
  });
}

/** Accept files anywhere over the canvas. */
export function listenToDrops(app: App, host: HTMLElement): void {
  host.addEventListener("dragover", (event) => {
    event.preventDefault();
    host.classList.add("receiving");
  });
  host.addEventListener("dragleave", () => {
    host.classList.remove("receiving");
  });
  host.addEventListener("drop", (event) => {
    event.preventDefault();
    host.classList.remove("receiving");
    const rect = host.getBoundingClientRect();
    const at = { x: event.clientX - rect.left, y: event.clientY - rect.top };
    const result = event.dataTransfer?.getData("text/x-loom-file");
    if (event.dataTransfer) dropFromLibrary(app, event.dataTransfer, at);
    if (result) app.files.dropResult(JSON.parse(result) as FileRef, at);
    void app.files.drop([...(event.dataTransfer?.files ?? [])], at);
  });
}
