/**
 * Comparing the shown document with another version, and joining two of them.
 *
 * Invariant: a comparison belongs to its document and follows every edit; taking a part is an edit
 * like any other, so undo gives it back.
 */
import type { Comparison, Differs, Ghost, Strand } from "../canvas/comparison";
import { HEADER } from "../canvas/layout";
import { t } from "../i18n";
import { adopt } from "../model/adopt";
import { labelOf } from "../model/axes";
import { type LevelId, levelOf, placeOf } from "../model/compare";
import { Document } from "../model/document";
import { type Hunk, hunksOf } from "../model/hunks";
import { cloneJson } from "../model/json";
import { levelsOf } from "../model/levels";
import { merge } from "../model/merge";
import { titleOf } from "../model/prompt";
import { withSubgraphs } from "../model/subgraphspec";
import { type Key, posOf, type RawNode, sizeOf, type Workflow } from "../model/workflow";
import type { App } from "./app";
import { showNode } from "./levels";
import type { Session } from "./papers";
import { replaceAll } from "./saving";
import { toast, ui } from "./ui";

interface Other {
  name: string;
  doc: Document;
  /** Places that both versions changed; the document's own stands there. */
  clashes: ReadonlySet<string>;
}

/** What the panel shows. */
export interface Shown {
  name: string;
  hunks: readonly Hunk[];
  clashes: ReadonlySet<string>;
}

const CALM_MS = 120;

export class Comparing {
  private readonly others = new WeakMap<Session, Other>();
  private readonly watched = new WeakSet<Session>();
  private timer = 0;

  constructor(private readonly app: App) {}

  /** Compare the shown document with another version of it. */
  start(name: string, raw: Workflow, clashes: ReadonlySet<string> = new Set()): void {
    const { session } = this.app;
    this.others.set(session, { name, doc: new Document(cloneJson(raw)), clashes });
    if (!this.watched.has(session)) {
      this.watched.add(session);
      session.doc.onChange(() => {
        clearTimeout(this.timer);
        this.timer = window.setTimeout(() => {
          this.show();
        }, CALM_MS);
      });
    }
    ui.panel.value = "changes";
    this.show();
  }

  stop(): void {
    this.others.delete(this.app.session);
    if (ui.panel.value === "changes") ui.panel.value = null;
    this.show();
  }

  /** Show what differs now; also called when another document comes to the canvas. */
  show(): void {
    const { session, scene, renderer } = this.app;
    const other = this.others.get(session);
    const hunks = other ? hunksOf(session.doc.root(), other.doc, this.specs(other)) : [];
    ui.changes.value = other ? { name: other.name, hunks, clashes: other.clashes } : null;
    scene.comparisons = other ? this.drawn(hunks, other) : null;
    renderer.ask("world");
  }

  /** Make the document like the other version in some parts. */
  take(hunks: readonly Hunk[], label: string): void {
    const { session } = this.app;
    const other = this.others.get(session);
    if (!other) return;
    adopt(session.doc, other.doc, this.specs(other), hunks.flatMap(({ units }) => units), label);
    this.show();
  }

  /** Bring a part into view. */
  reveal({ level, node, units }: Hunk): void {
    const { app } = this;
    const other = this.others.get(app.session);
    const path = [...levelsOf(app.session.doc)].find(([, { doc }]) => doc.subgraph === level)?.[0];
    if (!other || path === undefined) return;
    const ghost = node === null ? undefined : levelOf(other.doc, level).node(node);
    if (node !== null && levelOf(app.session.doc.root(), level).node(node)) showNode(app, path + node);
    else if (ghost) app.renderer.frameRect(rectOf(ghost));
    else for (const unit of units) if (unit.kind === "group") {
      const [x = 0, y = 0, w = 1, h = 1] = (unit.now ?? unit.was)?.bounding ?? [];
      app.renderer.frameRect({ x, y, w, h });
    }
  }

  /** Join a file's version on the server with the document, which both grew from `base`. */
  join(session: Session, base: Workflow, theirs: Workflow): void {
    const { raw, theirs: there, clashes } = merge(base, session.doc.file, theirs, this.app.scene.specs);
    replaceAll(session.doc, raw, "Merge");
    if (clashes.size === 0) {
      toast(t("Both versions are joined. Undo takes it back."));
      return;
    }
    toast(t("Both versions are joined. {n} places were changed by both: yours stand, theirs can be taken one by one.", { n: clashes.size }));
    this.start(t("theirs"), there, clashes);
  }

  private specs(other: Other): App["scene"]["specs"] {
    return withSubgraphs(this.app.scene.specs, other.doc);
  }

  private drawn(hunks: readonly Hunk[], other: Other): Map<LevelId, Comparison> {
    const here = this.app.session.doc.root();
    const levels = new Set(hunks.map(({ level }) => level));
    return new Map([...levels].map((level) => [level, this.level(hunks.filter((hunk) => hunk.level === level), levelOf(here, level), levelOf(other.doc, level))]));
  }

  private level(hunks: readonly Hunk[], here: Document, there: Document): Comparison {
    const nodes = new Map<Key, Differs>();
    const ghosts: Ghost[] = [];
    const strands: Strand[] = [];
    const values = new Map<Key, Map<string | number, string>>();
    for (const { node, kind, units } of hunks) {
      if (node !== null && here.node(node)) nodes.set(node, kind);
      const ghost = node !== null && !here.node(node) ? there.node(node) : undefined;
      if (ghost) ghosts.push({ key: node ?? "", title: titleOf(ghost, this.app.scene.specs), ...rectOf(ghost) });
      for (const unit of units) {
        if (unit.kind === "field" && unit.path[0] === "widgets_values" && unit.path[1] !== undefined) {
          const known = values.get(unit.node) ?? new Map<string | number, string>();
          values.set(unit.node, known.set(unit.path[1], unit.now === undefined ? "–" : labelOf(unit.now)));
        }
        if (unit.kind !== "wire") continue;
        const ends = { to: unit.node, input: unit.input };
        if (unit.was) strands.push({ ...ends, from: unit.was.node, slot: unit.was.slot, kind: "here" });
        if (unit.now) strands.push({ ...ends, from: unit.now.node, slot: unit.now.slot, kind: "there" });
      }
    }
    return { nodes, ghosts, strands, values };
  }
}

/** Where the file puts a node. */
function rectOf(node: RawNode): { x: number; y: number; w: number; h: number } {
  const [[x, y], [w, h]] = [posOf(node), sizeOf(node)];
  return { x, y: y - HEADER, w, h: h + HEADER };
}

export const isClash = ({ units }: Hunk, clashes: ReadonlySet<string>): boolean => units.some((unit) => clashes.has(placeOf(unit)));
