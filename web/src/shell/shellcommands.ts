/** Commands that need the server, the files or the panels. */
import { removeNodes } from "../model/actions";
import { stringifyJson, type Json } from "../model/json";
import type { Command } from "../input/commands";
import type { App } from "./app";
import { toggleAutosave } from "./saving";
import { showLevel } from "./levels";
import { libraryCommands } from "./library";
import { selectionMenu } from "./menus";
import { toggleMap } from "./minimap";
import { wireFrom } from "./wirelist";
import { type PanelName, ui } from "./ui";

export function shellCommands(app: App): Command[] {
  return [...paperCommands(app), ...runCommands(app), ...fileCommands(app), ...clipboardCommands(app), ...panelCommands(app), ...libraryCommands(app)];
}

function runCommands(app: App): Command[] {
  return [
    { id: "run", title: "Run", group: "Run", keys: "Mod+Enter", run: () => void app.running.run() },
    { id: "run-front", title: "Run before what waits", group: "Run", keys: "Mod+Shift+Enter", run: () => void app.running.run(true) },
    { id: "run-selection", title: "Run only what is selected", group: "Run", keys: "Alt+R", enabled: () => outputsIn(app).length > 0, run: () => void app.running.run(false, outputsIn(app)) },
    { id: "interrupt", title: "Stop the running job", group: "Run", keys: "Mod+Alt+Enter", run: () => void app.running.interrupt() },
    { id: "clear-queue", title: "Clear the queue", group: "Run", run: () => void app.client.clearQueue() },
  ];
}

/** The selected nodes that give something to keep, by the ids that a run knows them by. */
function outputsIn(app: App): string[] {
  const { scene } = app;
  return app.workspace.selected().filter((key) => scene.boxes.get(key)?.spec?.isOutput === true).map((key) => scene.path + key);
}

function fileCommands(app: App): Command[] {
  return [
    { id: "open", title: "Open…", group: "Workflow", keys: "Mod+O", run: () => {
      ui.dialog.value = "open";
    } },
    { id: "templates", title: "Templates…", group: "Workflow", run: () => {
      ui.dialog.value = "templates";
    } },
    { id: "open-file", title: "Open a file…", group: "Workflow", run: () => {
      app.files.choose();
    } },
    { id: "save", title: "Save", group: "Workflow", keys: "Mod+S", run: () => void app.saving.save() },
    { id: "save-as", title: "Save as…", group: "Workflow", keys: "Mod+Shift+S", run: () => {
      ui.dialog.value = "save";
    } },
    { id: "download", title: "Download as JSON", group: "Workflow", run: () => {
      app.files.download();
    } },
    { id: "download-api", title: "Download in API format", group: "Workflow", run: () => {
      app.files.downloadApi();
    } },
    { id: "new", title: "New workflow", group: "Workflow", keys: "Alt+N", run: () => {
      app.files.openEmpty();
    } },
    { id: "default", title: "Open the default workflow", group: "Workflow", run: () => {
      app.files.openDefault();
    } },
  ];
}

/** Tabs and versions. */
function paperCommands(app: App): Command[] {
  const several = (): boolean => app.papers.open.length > 1;
  return [
    { id: "close-tab", title: "Close the workflow", group: "Workflow", keys: "Alt+W", run: () => {
      app.closePaper(app.session);
    } },
    { id: "reopen-tab", title: "Open the closed workflow again", group: "Workflow", keys: "Alt+Shift+W", run: () => void app.papers.reopen() },
    { id: "next-tab", title: "Next workflow", group: "Workflow", keys: "Alt+PageDown", enabled: several, run: () => {
      app.papers.step(1);
    } },
    { id: "previous-tab", title: "Workflow before", group: "Workflow", keys: "Alt+PageUp", enabled: several, run: () => {
      app.papers.step(-1);
    } },
    { id: "versions", title: "Versions…", group: "Workflow", keys: "Alt+V", run: () => {
      ui.dialog.value = "versions";
    } },
    { id: "compare", title: "Compare with…", group: "Workflow", keys: "Alt+D", run: () => {
      ui.dialog.value = "compare";
    } },
    { id: "changes", title: "Changes against another version", group: "View", run: () => {
      ui.panel.value = ui.panel.value === "changes" ? null : "changes";
    } },
    { id: "autosave", title: "Let saved workflows save themselves, or not", group: "Workflow", run: () => {
      toggleAutosave(app);
    } },
  ];
}

/** The same as the clipboard keys, for menus; keys themselves come as clipboard events. */
function clipboardCommands(app: App): Command[] {
  const some = (): boolean => app.scene.selection.size > 0;
  const copy = (): void => {
    const text = stringifyJson(app.workspace.copySelection() as unknown as Json);
    // Without permission the copy still works inside this page.
    void navigator.clipboard?.writeText(text).catch(() => undefined);
  };
  return [
    { id: "copy", title: "Copy", group: "Edit", enabled: some, run: copy },
    { id: "cut", title: "Cut", group: "Edit", enabled: some, run: () => {
      copy();
      removeNodes(app.scene.doc, app.workspace.selected(), "Cut");
    } },
    { id: "paste", title: "Paste", group: "Edit", run: () => {
      app.workspace.pasteFragment();
    } },
  ];
}

function panelCommands(app: App): Command[] {
  const toggle = (panel: PanelName) => (): void => {
    ui.panel.value = ui.panel.value === panel ? null : panel;
  };
  return [
    { id: "palette", title: "All commands", group: "View", keys: "Mod+K", run: () => {
      ui.palette.value = !ui.palette.value;
    } },
    { id: "add-node", title: "Add node…", group: "Edit", keys: "Tab", run: () => {
      const at = app.workspace.here();
      app.workspace.doors.search(app.renderer.camera.toScreen(at), null, (spec) => app.workspace.add(spec, at));
    } },
    { id: "wire", title: "Wire to…", group: "Edit", keys: "W", enabled: () => app.scene.selection.size === 1, run: () => {
      wireFrom(app, app.workspace.selected()[0] ?? "", () => {
        app.renderer.host.focus({ preventScroll: true });
      });
    } },
    { id: "menu", title: "Menu of the selection", group: "Edit", keys: "Shift+F10 ContextMenu", run: () => {
      selectionMenu(app);
    } },
    { id: "queue", title: "Queue", group: "View", keys: "Q", run: toggle("queue") },
    { id: "results", title: "Results", group: "View", keys: "R", run: toggle("results") },
    { id: "problems", title: "Problems", group: "View", keys: "P", run: toggle("problems") },
    { id: "library", title: "Library of nodes and models", group: "View", keys: "N", run: toggle("library") },
    { id: "help", title: "Help for the node", group: "View", keys: "H", run: () => {
      ui.help.value = null;
      toggle("help")();
    } },
    { id: "outline", title: "Outline of the workflow", group: "View", keys: "O", run: toggle("outline") },
    { id: "log", title: "Log of the server", group: "View", run: toggle("log") },
    { id: "guide", title: "Guide…", group: "View", run: () => {
      ui.dialog.value = "guide";
    } },
    { id: "about", title: "About Latent Loom…", group: "View", run: () => {
      ui.dialog.value = "about";
    } },
    { id: "missing", title: "What is missing…", group: "Workflow", run: () => {
      ui.dialog.value = "missing";
    } },
    { id: "canvas-only", title: "Canvas only", group: "View", keys: "F", run: () => {
      ui.canvasOnly.value = !ui.canvasOnly.value;
    } },
    { id: "form", title: "Form of the workflow", group: "View", keys: "Alt+F", run: () => {
      if (!ui.form.value) showLevel(app, []);
      ui.form.value = !ui.form.value;
    } },
    { id: "map", title: "Map of the workflow", group: "View", keys: "M", run: toggleMap },
    { id: "sweep-grid", title: "Results of the last sweep", group: "Run", enabled: () => app.session.meta.sweep !== undefined, run: () => {
      ui.sweep.value = app.session.meta.sweep ?? null;
    } },
    { id: "heat", title: "Heat map", group: "View", keys: "T", run: () => {
      app.forecaster.heat(ui.heat.value === null ? "time" : null);
    } },
    { id: "settings", title: "Settings…", group: "View", keys: "Mod+,", run: () => {
      ui.dialog.value = "settings";
    } },
    { id: "keys", title: "Keys…", group: "View", run: () => {
      ui.dialog.value = "keys";
    } },
    { id: "palettes", title: "Palettes…", group: "View", run: () => {
      ui.dialog.value = "palettes";
    } },
    { id: "extensions", title: "Extensions…", group: "View", run: () => {
      ui.dialog.value = "extensions";
    } },
    { id: "theme", title: "Light or dark", group: "View", run: () => {
      void app.settings.set("loom.theme", ui.theme.value.name === "light" ? "dark" : "light");
    } },
  ];
}
