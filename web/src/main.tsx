/** The start: last document at once, then fonts, node types and the server. */
import { render } from "preact";
import { language, t } from "./i18n";
import { Document } from "./model/document";
import { parseJson } from "./model/json";
import { asWorkflow } from "./model/workflow";
import { PaperDb } from "./net/paperdb";
import { App } from "./shell/app";
import { greetPerson } from "./shell/me";
import { greet } from "./shell/channel";
import { listenToDrops, listenToKeys } from "./shell/keyboard";
import { freshMeta } from "./shell/papers";
import { installProbe } from "./shell/probe";
import { Bar, Over, Page, Side } from "./shell/shell";
import { describeCanvas } from "./shell/speaker";
import { sentenceOf, toast, ui } from "./shell/ui";
import defaultText from "../../workflows/default.json?raw";
import "./shell/style.css";
import "./shell/papers.css";
import "./shell/gallery.css";
import "./shell/forecast.css";
import "./shell/mask.css";
import "./shell/toolbox.css";
import "./shell/phone.css";

function element(className: string, parent: HTMLElement): HTMLElement {
  const made = document.createElement("div");
  made.className = className;
  parent.append(made);
  return made;
}

async function start(root: HTMLElement): Promise<void> {
  const bar = element("bar", root);
  const middle = element("middle", root);
  const stage = element("stage", middle);
  const side = element("side", middle);
  const page = element("page", root);
  const host = element("canvas", stage);
  const over = element("over", stage);
  host.tabIndex = 0;
  host.setAttribute("role", "application");

  const fallback = new Document(asWorkflow(parseJson(defaultText)));
  const store = await PaperDb.open().catch(() => undefined);
  const app = new App(host, { doc: fallback, meta: freshMeta("Default") }, store);
  // What takes longest is asked for first.
  const coming = [app.loadFonts(), app.loadSpecs()];
  await app.settings.start();
  ui.language.value = language();
  host.setAttribute("aria-label", t("Workflow canvas"));
  render(<Bar app={app} />, bar);
  render(<Side app={app} />, side);
  render(<Over app={app} />, over);
  render(<Page app={app} />, page);
  const ready = installProbe(app);
  await greet(app);
  listenToKeys(app);
  listenToDrops(app, host);
  describeCanvas(app, host);
  host.focus({ preventScroll: true });
  app.running.connect();
  const { x, y } = app.renderer.camera;
  void greetPerson(app);
  await Promise.all([...coming, app.settings.fetch()]);
  // Now that sizes are known the first view is right, unless the user moved already.
  const untouched = app.renderer.camera.x === x && app.renderer.camera.y === y;
  if (!app.hadView && untouched) app.firstSight();
  ready();
  // Behind everything else: a page without plugins waits for none.
  await import("./plugins/loader").then((file) => file.loadPlugins(app)).catch((error: unknown) => {
    toast(t("The extensions could not be loaded: {why}", { why: sentenceOf(error) }), "error");
  });
}

const root = document.getElementById("app");
if (root) void start(root);
