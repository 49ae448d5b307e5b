/** The library at the side: every node by category with bookmarks, and the server's models. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { typeColor } from "../canvas/theme";
import { t } from "../i18n";
import type { NodeSpec, Specs } from "../model/schema";
import { searchNodes } from "../model/search";
import { isBorder } from "../model/subgraphspec";
import type { App } from "./app";
import { Icon } from "./icons";
import { bookmarks, readKept, recent, toggleBookmark } from "./kept";
import { Models } from "./modelbrowser";
import { NODE_DRAG, placeNode } from "./placing";
import { ui } from "./ui";
import "./nodelibrary.css";

/** A category with the ones below it. */
interface Branch {
  name: string;
  below: Map<string, Branch>;
  specs: NodeSpec[];
}

export function categoryTree(specs: Specs): Branch {
  const root: Branch = { name: "", below: new Map(), specs: [] };
  for (const spec of specs.values()) {
    if (isBorder(spec.type)) continue;
    let at = root;
    for (const name of spec.category.split("/").filter((part) => part !== "")) {
      const next = at.below.get(name) ?? { name, below: new Map<string, Branch>(), specs: [] };
      at.below.set(name, next);
      at = next;
    }
    at.specs.push(spec);
  }
  return root;
}

const tab = signal<"nodes" | "models">("nodes");
const TABS = { nodes: "Nodes", models: "Models" } as const;

export function Library({ app }: { app: App }): JSX.Element {
  useEffect(() => void readKept(app), []);
  return (
    <div class="library">
      <div class="library-tabs" role="group" aria-label={t("Library")}>
        {(["nodes", "models"] as const).map((name) => (
          <button key={name} aria-pressed={tab.value === name} onClick={() => (tab.value = name)}>{t(TABS[name])}</button>
        ))}
      </div>
      {tab.value === "nodes" ? <Nodes app={app} /> : <Models app={app} />}
    </div>
  );
}

function Nodes({ app }: { app: App }): JSX.Element {
  const query = useSignal("");
  const { specs } = app.scene;
  const known = (types: readonly string[]): NodeSpec[] => types.flatMap((type) => specs.get(type) ?? []);
  const typed = query.value.trim();
  return (
    <>
      <input
        class="library-search" type="search" placeholder={t("Search nodes")} aria-label={t("Search nodes")}
        value={query.value} onInput={(event) => (query.value = event.currentTarget.value)}
      />
      {typed !== "" && <Lines app={app} specs={searchNodes(specs.values(), typed, null)} />}
      {typed !== "" && searchNodes(specs.values(), typed, null).length === 0 && <p class="empty">{t("Nothing matches.")}</p>}
      {typed === "" && (
        <>
          {bookmarks.value.length > 0 && <Fold name={t("Bookmarks")} open><Lines app={app} specs={known(bookmarks.value)} /></Fold>}
          {recent.value.length > 0 && <Fold name={t("Recently used")}><Lines app={app} specs={known(recent.value)} /></Fold>}
          <Branches app={app} branch={categoryTree(specs)} />
        </>
      )}
    </>
  );
}

/** A part that opens; what is inside is made only then. */
function Fold({ name, open = false, children }: { name: string; open?: boolean; children: JSX.Element }): JSX.Element {
  const shown = useSignal(open);
  return (
    <details open={open} onToggle={(event) => (shown.value = event.currentTarget.open)}>
      <summary>{name}</summary>
      {shown.value && <div class="library-inner">{children}</div>}
    </details>
  );
}

function Branches({ app, branch }: { app: App; branch: Branch }): JSX.Element {
  const below = [...branch.below.values()].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      {below.map((next) => <Fold key={next.name} name={next.name}><Branches app={app} branch={next} /></Fold>)}
      <Lines app={app} specs={[...branch.specs].sort((a, b) => a.title.localeCompare(b.title))} />
    </>
  );
}

function Lines({ app, specs }: { app: App; specs: readonly NodeSpec[] }): JSX.Element {
  return <>{specs.map((spec) => <Line key={spec.type} app={app} spec={spec} />)}</>;
}

function Line({ app, spec }: { app: App; spec: NodeSpec }): JSX.Element {
  const kept = bookmarks.value.includes(spec.type);
  const color = typeColor(ui.theme.value, spec.outputs[0]?.type ?? spec.inputs[0]?.type ?? "*");
  return (
    <div class="library-line">
      <button
        class="library-node" draggable title={t(spec.description) || spec.type}
        onDragStart={(event) => event.dataTransfer?.setData(NODE_DRAG, spec.type)}
        onClick={() => void placeNode(app, spec, null)}
      >
        <i class="type-dot" style={{ background: color }} />
        <span>{spec.title}</span>
      </button>
      <button class="tool" aria-label={t("Help for {title}", { title: spec.title })} onClick={() => {
        ui.help.value = spec.type;
        ui.panel.value = "help";
      }}>
        <Icon name="info" size={14} />
      </button>
      <button class="tool" aria-pressed={kept} aria-label={t("Bookmark {title}", { title: spec.title })} onClick={() => void toggleBookmark(app, spec.type)}>
        <Icon name={kept ? "starred" : "star"} size={14} />
      </button>
    </div>
  );
}
