/** The workflow as a tree, for the keyboard, screen readers and small screens. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n";
import { removeNodes } from "../model/actions";
import { type Item, outlineOf } from "../model/outline";
import type { App } from "./app";
import { showNode } from "./levels";
import { ui } from "./ui";
import { wireFrom } from "./wirelist";
import "./outline.css";

const STATES: Readonly<Record<string, string>> = { running: "running", done: "done", cached: "from the cache", error: "failed" };

export function Outline({ app }: { app: App }): JSX.Element {
  // Every change of a document and of its run shows in the tabs.
  void ui.tabs.value;
  void ui.endedJobs.value;
  const open = useSignal<ReadonlySet<string>>(new Set());
  const at = useSignal("");
  const tree = useRef<HTMLDivElement>(null);
  const items = outlineOf(app.session.doc, app.scene.specs, open.value);
  const current = items.find((item) => item.id === at.value) ?? items[0];
  const focus = (item: Item | undefined): void => {
    if (!item) return;
    at.value = item.id;
    if (item.node !== null && levelOf(item.node) === app.scene.path) app.workspace.select([item.node.slice(app.scene.path.length)]);
    tree.current?.querySelector(`#${CSS.escape(`outline-${item.id}`)}`)?.scrollIntoView({ block: "nearest" });
  };
  const unfold = (item: Item, unfolded: boolean): void => {
    const next = new Set(open.value);
    if (unfolded) next.add(item.id);
    else next.delete(item.id);
    open.value = next;
  };
  const show = (item: Item): void => {
    if (item.node !== null) showNode(app, item.node);
    else unfold(item, !item.open);
    at.value = item.id;
  };
  const key = (event: KeyboardEvent): void => {
    if (!current || event.ctrlKey || event.metaKey || event.altKey || !act(event.key, current)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** Do what a key means on an item; false for keys of others. */
  const act = (name: string, item: Item): boolean => {
    const i = items.indexOf(item);
    if (name === "ArrowDown") focus(items[Math.min(items.length - 1, i + 1)]);
    else if (name === "ArrowUp") focus(items[Math.max(0, i - 1)]);
    else if (name === "Home") focus(items[0]);
    else if (name === "End") focus(items.at(-1));
    else if (name === "ArrowRight" && item.open === false) unfold(item, true);
    else if (name === "ArrowRight") focus(items[i + 1]);
    else if (name === "ArrowLeft" && item.open === true) unfold(item, false);
    else if (name === "ArrowLeft") focus(items.slice(0, i).findLast((one) => one.level < item.level));
    else if (name === "Enter" || name === " ") show(item);
    else if (name.toLowerCase() === "w" && item.node !== null) wire(item.node);
    else if (name === "Delete" && item.node !== null) drop(item.node, items[i + 1] ?? items[i - 1]);
    else return false;
    return true;
  };
  const wire = (node: string): void => {
    showNode(app, node);
    wireFrom(app, node.slice(app.scene.path.length), () => tree.current?.focus());
  };
  const drop = (node: string, next: Item | undefined): void => {
    showNode(app, node);
    removeNodes(app.scene.doc, [node.slice(app.scene.path.length)]);
    focus(next);
  };
  if (items.length === 0) return <p class="empty">{t("This workflow has no nodes yet.")}</p>;
  return (
    <>
      <p class="outline-keys">{t("Arrows move, Enter shows, W wires, Delete removes.")}</p>
      <div
        class="outline" role="tree" tabIndex={0} ref={tree} aria-label={t("Nodes of the workflow")}
        aria-activedescendant={current ? `outline-${current.id}` : undefined} onKeyDown={key}
      >
        {items.map((item) => (
          <div
            key={item.id} id={`outline-${item.id}`} role="treeitem" aria-level={item.level}
            aria-expanded={item.open} aria-selected={item === current}
            style={{ paddingLeft: `${String(item.level * 14 - 6)}px` }}
            onClick={() => {
              show(item);
            }}
          >
            {item.open !== undefined && <i aria-hidden="true" onClick={(event) => {
              event.stopPropagation();
              unfold(item, !item.open);
            }}>{item.open ? "▾" : "▸"}</i>}
            <span class={item.node === null ? "outline-group" : undefined}>{item.title}</span>
            <small>{said(app, item)}</small>
          </div>
        ))}
      </div>
    </>
  );
}

/** Where an execution id lies: `12:` of `12:34`. */
const levelOf = (id: string): string => id.slice(0, id.lastIndexOf(":") + 1);

/** What is to be known of an item besides its name. */
function said(app: App, item: Item): string {
  if (item.node === null) return t("group");
  const mark = app.session.marks.get(item.node);
  const state = mark && mark.errors.length > 0 ? "failed" : STATES[mark?.state ?? ""];
  return [item.off, state].flatMap((word) => (word ? t(word) : [])).join(", ");
}
