/** Going into subgraphs and out again, and the trail that says where one is. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { titleOf } from "../model/prompt";
import { definitionPaths, type Document } from "../model/document";
import { levelsOf } from "../model/levels";
import type { Key } from "../model/workflow";
import type { App } from "./app";
import { ui } from "./ui";

type View = [x: number, y: number, scale: number];

/** Where the camera was on each level of a file, to come back to it. */
const views = new WeakMap<object, Map<string, View>>();

/** Show the level that the instance nodes `keys` lead to; the root for none. */
export function showLevel(app: App, keys: readonly Key[]): void {
  const trail = trailOf(app, keys);
  const last = trail.at(-1);
  if (!last) return;
  const path = keys.map((key) => `${key}:`).join("");
  if (path === app.scene.path && last.doc.subgraph === app.scene.doc.subgraph) return;
  app.workspace.closeEditor();
  keepView(app);
  app.scene.enter(last.doc, path);
  ui.trail.value = keys.length > 0 ? trail.map(({ name }, i) => ({ keys: keys.slice(0, i), name })) : [];
  restoreView(app, path);
}

function keepView(app: App): void {
  const { x, y, scale } = app.renderer.camera;
  const kept = views.get(app.session.doc) ?? new Map<string, View>();
  kept.set(app.scene.path, [x, y, scale]);
  views.set(app.session.doc, kept);
}

function restoreView(app: App, path: string): void {
  const [x, y, scale] = views.get(app.session.doc)?.get(path) ?? [];
  if (x === undefined || y === undefined || scale === undefined) app.workspace.frame(undefined, false);
  else {
    Object.assign(app.renderer.camera, { x, y, scale });
    app.renderer.moved();
  }
}

/** The documents on the way; stops where an instance is gone. */
function trailOf(app: App, keys: readonly Key[]): { doc: Document; name: string }[] {
  const root = app.session.doc;
  const known = definitionPaths(root.file);
  const trail = [{ doc: root, name: ui.name.value }];
  for (const key of keys) {
    const node = trail.at(-1)?.doc.node(key);
    if (!node || !known.has(node.type)) return [];
    trail.push({ doc: root.inside(node.type), name: titleOf(node, app.scene.specs) });
  }
  return trail;
}

/** The title of a node by its execution id; the id itself where it is gone. */
export function nodeTitle(app: App, id: string): string {
  const cut = id.lastIndexOf(":") + 1;
  const node = levelsOf(app.session.doc).get(id.slice(0, cut))?.doc.node(id.slice(cut));
  return node ? titleOf(node, app.scene.specs) : `#${id}`;
}

/** Go to a node by its execution id, on whichever level it is. */
export function showNode(app: App, id: string): void {
  const keys = id.split(":");
  const key = keys.pop() ?? "";
  showLevel(app, keys);
  app.workspace.select([key]);
  app.workspace.frame([key]);
}

/** Leave levels whose subgraph an undo has removed. */
export function leaveGone(app: App): void {
  if (!app.scene.doc.exists) showLevel(app, []);
}

/** One level out. */
export function leave(app: App): void {
  const inner = app.scene.path.split(":").slice(0, -1);
  const key = inner.at(-1);
  showLevel(app, inner.slice(0, -1));
  if (key !== undefined) app.workspace.select([key]);
}

export function Trail({ app }: { app: App }): JSX.Element | null {
  const trail = ui.trail.value;
  if (trail.length === 0) return null;
  return (
    <nav class="trail" aria-label={t("Levels of subgraphs")}>
      {trail.map(({ keys, name }, i) => (
        <span key={keys.length}>
          {i > 0 && <i aria-hidden="true">›</i>}
          <button
            aria-current={i === trail.length - 1 ? "page" : undefined}
            onClick={() => {
              showLevel(app, keys);
            }}
          >
            {i === 0 ? ui.name.value : name}
          </button>
        </span>
      ))}
    </nav>
  );
}
